"""``netspec diff``: two specs layer by layer, and what the differences cost."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from difflib import SequenceMatcher
from typing import Any

from netspec.cli import records, sizing, text
from netspec.cli.show import short_text, visible
from netspec.layers import Combinator
from netspec.spec import NetSpec
from netspec.walk import Row

_NUMBERS = {"params": "parameters", "macs": "MACs", "activations": "activations"}
_SIGNS = {"same": " ", "changed": "~", "removed": "-", "added": "+"}


@dataclass(frozen=True)
class Pair:
    """A layer of the first spec and the one of the second that stands in its place; one is ``None`` where none does."""

    first: Row | None
    second: Row | None

    @property
    def change(self) -> str:
        """``same``, ``changed``, ``removed`` or ``added``."""
        if self.first is None or self.second is None:
            return "removed" if self.second is None else "added"
        same = short_text(self.first.layer) == short_text(self.second.layer)
        return "same" if same and not self.numbers() and self.first.leaves == self.second.leaves else "changed"

    def fields(self) -> dict[str, tuple[Any, Any]]:
        """Fields of the layer that differ, before and after."""
        if self.first is None or self.second is None or type(self.first.layer) is not type(self.second.layer):
            return {}
        before, after = self.first.layer, self.second.layer
        # What combinators hold is compared layer by layer.
        names = [f.name for f in fields(before) if not isinstance(before, Combinator) or f.name not in _HOLDS]
        values = {name: (getattr(before, name), getattr(after, name)) for name in names}
        return {name: pair for name, pair in values.items() if pair[0] != pair[1]}

    def numbers(self) -> dict[str, tuple[int, int]]:
        """Counts that differ, before and after; nothing counts as zero."""
        values = {name: (getattr(self.first, name, 0), getattr(self.second, name, 0)) for name in _NUMBERS}
        return {name: pair for name, pair in values.items() if pair[0] != pair[1]}


_HOLDS = ("body", "shortcut", "branches", "heads")


def run(options: argparse.Namespace) -> None:
    """Print the comparison of two specs."""
    first, second = (sizing.one(name, options) for name in (options.first, options.second))
    pairs = list(align(first, second))
    if options.json:
        print(records.dump(record(first, second, pairs)))
    else:
        print("\n".join(lines(first, second, pairs)))


def align(first: NetSpec, second: NetSpec) -> Iterator[Pair]:
    """Equal layers in order; between them, layers of the same class; what is left over was removed or added."""
    befores, afters = (_flat(spec.rows) for spec in (first, second))
    for equal, before, after in _blocks(befores, afters, lambda row: (row.depth, short_text(row.layer))):
        if equal:
            yield from map(Pair, before, after)
            continue
        for alike, old, new in _blocks(before, after, lambda row: (row.depth, type(row.layer).__name__)):
            if alike:
                yield from map(Pair, old, new)
            else:
                yield from (Pair(row, None) for row in old)
                yield from (Pair(None, row) for row in new)


def lines(first: NetSpec, second: NetSpec, pairs: Sequence[Pair]) -> list[str]:
    """One line per pair, and below it what changed; then the totals."""
    width = max(len(row.path) for pair in pairs for row in (pair.first, pair.second) if row)
    out = [f"- {first.name}", f"+ {second.name}", ""]
    margin = " " * (2 * width + 8)
    for pair in pairs:
        before, after = (row.path if row else "" for row in (pair.first, pair.second))
        row = pair.first or pair.second
        assert row is not None
        start = f"{_SIGNS[pair.change]} {before:>{width}}  {after:>{width}}  {'  ' * row.depth}"
        out.append(start + text.cut(short_text(row.layer), text.WIDTH - len(start)))
        if pair.change != "same":
            out += text.paragraph(" · ".join(_changes(pair)), margin)
    out += ["", *_totals(first, second)]
    return out


def record(first: NetSpec, second: NetSpec, pairs: Sequence[Pair]) -> dict[str, Any]:
    """What ``--json`` prints."""
    return {
        "first": records.summary(first),
        "second": records.summary(second),
        "difference": {name: getattr(second, name) - getattr(first, name) for name in (*_NUMBERS, "book_params")},
        "layers": [
            {
                "change": pair.change,
                "first": pair.first and {**records.row(pair.first), "inside": None},
                "second": pair.second and {**records.row(pair.second), "inside": None},
                "fields": {name: list(map(_plain, values)) for name, values in pair.fields().items()},
            }
            for pair in pairs
        ],
    }


def _flat(rows: Sequence[Row]) -> list[Row]:
    return [inner for _, row in visible(rows) for inner in (row, *_flat(row.inside))]


def _blocks(
    before: Sequence[Row], after: Sequence[Row], key: Callable[[Row], object]
) -> Iterator[tuple[bool, Sequence[Row], Sequence[Row]]]:
    """Stretches of both sides in turn, and whether they agree in ``key``."""
    matcher = SequenceMatcher(None, list(map(key, before)), list(map(key, after)), autojunk=False)
    for tag, start, end, other_start, other_end in matcher.get_opcodes():
        yield tag == "equal", before[start:end], after[other_start:other_end]


def _changes(pair: Pair) -> Iterator[str]:
    for name, (old, new) in pair.fields().items():
        yield f"{name} {old} → {new}"
    if pair.first is None or pair.second is None:
        row = pair.first or pair.second
        yield f"output {text.shape(row.leaves)}" if row else ""
    elif pair.first.leaves != pair.second.leaves:
        yield f"output {text.shape(pair.first.leaves)} → {text.shape(pair.second.leaves)}"
    for name, (old, new) in pair.numbers().items():
        if pair.first and pair.second:
            yield f"{_NUMBERS[name]} {old:,} → {new:,} ({text.signed(new - old)})"
        else:
            yield f"{_NUMBERS[name]} {text.signed(new - old)}"


def _totals(first: NetSpec, second: NetSpec) -> list[str]:
    rows: list[tuple[str, ...]] = []
    for name, label in {**_NUMBERS, "book_params": "book parameters"}.items():
        old, new = getattr(first, name), getattr(second, name)
        ratio = f"× {new / old:.3g}" if old else ""
        rows.append((label, f"{old:,}", f"{new:,}", text.signed(new - old), ratio))
    inputs = [text.shape(spec.input_shape) for spec in (first, second)]
    if inputs[0] != inputs[1]:
        rows.append(("input", *inputs, "", ""))
    outputs = [text.shape(spec.output_shape) for spec in (first, second)]
    if outputs[0] != outputs[1] and max(map(len, outputs)) <= 24:
        rows.append(("output", *outputs, "", ""))
    return text.table(rows, "<>>><", ("total", "-", "+", "difference", ""))


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
