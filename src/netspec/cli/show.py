"""``netspec show``: where a spec comes from, its listing, a table of its layers, and its counts."""

from __future__ import annotations

import argparse
import io
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from itertools import zip_longest

from netspec.cli import counting, records, sizing, text
from netspec.cli.listing import listing, program
from netspec.conventions import BOOK
from netspec.counts import count
from netspec.layers import Combinator, ForEach, Layer, OnRegions, Repeat
from netspec.spec import NetSpec
from netspec.walk import Row

_NUMBERS = ("params", "macs", "activations")


def run(options: argparse.Namespace) -> None:
    """Print one spec."""
    spec = sizing.one(options.spec, options)
    if options.json:
        print(records.dump(records.full(spec)))
    elif options.python:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="backslashreplace")  # which a string of Python means the same by
        print(program(spec), end="")
    else:
        print("\n".join(page(spec)))


def page(spec: NetSpec) -> list[str]:
    """All sections, as lines."""
    return [
        *heading(spec),
        "",
        *listing(spec).splitlines(),
        "",
        *layer_table(spec),
        "",
        *counting.lines(count(spec)),
        "",
        *text.paragraph(counting.CONVENTION),
    ]


def heading(spec: NetSpec) -> list[str]:
    """Name, provenance, and what goes in and out."""
    about = spec.provenance
    role = f"{about.role} of {about.alternative_of}" if about.alternative_of else about.role
    inputs = [text.shape(spec.input_shape), *(f"{name} {text.shape(sides)}" for name, sides in spec.extra_inputs)]
    flow = f"{' and '.join(inputs)} → {text.shape(spec.output_shape)}"
    places = (about.book, about.domain, role if about.entry else "")
    lines = [about.paper, " · ".join(dict.fromkeys(filter(None, places))), flow]
    if spec.conventions != BOOK:
        lines.append(repr(spec.conventions))
    if about.new_primitives:
        lines.append(f"new here: {', '.join(about.new_primitives)}")
    if about.remark:
        lines.append(f"note: {about.remark}")
    return [spec.name, *(line for words in filter(None, lines) for line in text.paragraph(words, "  ", "    "))]


def layer_table(spec: NetSpec) -> list[str]:
    """A row per layer, those of combinators indented; combinators carry the sums over what they hold."""
    header = ("layer", "output", "parameters", "MACs", "activations")
    total = ("total", "", *(f"{getattr(spec, name):,}" for name in _NUMBERS))
    rows = [*_table_rows(spec.rows, "", len(str(len(spec.rows) - 1))), (0, total)]
    everything = (header, *(cells for _, cells in rows))
    others = sum(max(len(part) for cells in everything for part in cells[i].split("\n")) + 2 for i in range(1, 5))
    lines = []
    for hang, (layer, *rest) in rows:
        shapes, *numbers = rest
        pieces = textwrap.wrap(layer, max(30, text.WIDTH - others), subsequent_indent=" " * hang)
        for n, (piece, shape) in enumerate(zip_longest(pieces, shapes.split("\n"), fillvalue="")):
            lines.append((piece, shape, *(numbers if n == 0 else ("", "", ""))))
    return text.table(lines, "<<>>>", header)


def short_text(layer: Layer) -> str:
    """The layer as the listing has it; of a combinator only what it does, not what it holds."""
    if not isinstance(layer, Combinator):
        return str(layer)
    given = {field.name: getattr(layer, field.name) for field in fields(layer)}
    plain = [f"{name}={value!r}" for name, value in given.items() if not isinstance(value, tuple)]
    return f"{type(layer).__name__}({', '.join(plain)})" if plain else type(layer).__name__


def visible(rows: Iterable[Row]) -> Iterator[tuple[str, Row]]:
    """Rows with their label; of the copies of a repetition only the first."""
    for row in rows:
        label = row.path.rpartition(".")[0].rpartition(".")[2]
        if not label.startswith("copy ") or label == "copy 0":
            yield label, row


def _table_rows(
    rows: Sequence[Row], indent: str, digits: int, parent: Row | None = None
) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Cells of a line, and how far the layer's text hangs when it is broken."""
    current = None
    for label, row in visible(rows):
        if parent and label != current:
            current = label
            yield len(indent), (f"{indent}{_heading(parent, label, row)}:", "", "", "", "")
        shapes = text.shapes(row.leaves)
        if len(shapes) > 1 and row.inside:
            shapes = [f"{len(shapes)} tensors"]
        start = f"{indent}{row.path.rpartition('.')[2]:>{digits}}  "
        numbers = (f"{getattr(row, name):,}" for name in _NUMBERS)
        yield len(start) + 2, (start + short_text(row.layer), "\n".join(shapes), *numbers)
        if row.inside:
            yield from _table_rows(row.inside, " " * len(start), 1, row)


def _heading(parent: Row, label: str, row: Row) -> str:
    """What a group of rows inside ``parent`` is called."""
    match parent.layer:
        case Repeat(times):
            return f"in each of {times} copies"
        case ForEach():
            return label if label == next(iter(parent.arrived)) else f"{label}, the same weights"
        case OnRegions(n_regions=n):
            return f"on all of {n:,} regions"
    return label
