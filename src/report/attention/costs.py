"""What attentions cost at growing length, from ``results/comparisons/…-lengths.json``: a table and a figure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from report.comparison.figure import style
from report.comparison.report import Compared
from report.engine.canvas import canvas, empty_figure, svg
from report.engine.errors import ReportError, read_json
from report.engine.formats import NONE, count, plain, scaled, words
from report.engine.page import Block, Column, Table
from report.learned.figure import settle

#: The slope is that of a line through the lengths from here on, where a constant share of time has lost its weight.
FROM = 1024


@dataclass(frozen=True)
class Cost:
    """Figures of one variant; ``lengths`` has one for each number of tokens, ascending."""

    name: str
    params: int
    kept_bytes_per_token: int
    tokens_per_second: float
    lengths: Sequence[dict[str, Any]]
    half: tuple[int, float] | None = None  # tokens and seconds of a step in bfloat16, where that was measured

    def slope(self, figure: str) -> float:
        """Of the logarithm of a figure over that of the tokens, from :data:`FROM` on or the last two; NaN of one."""
        return slope([one["tokens"] for one in self.late], [one[figure] for one in self.late])

    @property
    def late(self) -> Sequence[dict[str, Any]]:
        """The lengths that slopes are taken over."""
        late = [one for one in self.lengths if one["tokens"] >= FROM]
        return late if len(late) > 1 else self.lengths[-2:]


def slope(x: Sequence[float], y: Sequence[float]) -> float:
    """That of the least-squares line through ``log x`` and ``log y``; NaN of fewer than two points."""
    if len(x) < 2:
        return math.nan
    across, up = [math.log(value) for value in x], [math.log(value) for value in y]
    centre, middle = sum(across) / len(across), sum(up) / len(up)
    return sum((a - centre) * (u - middle) for a, u in zip(across, up, strict=True)) / sum(
        (a - centre) ** 2 for a in across
    )


def costs(path: Path) -> tuple[list[Cost], dict[str, Any]]:
    """The variants of a file, and what it says of the machine; raises :class:`ReportError` where it is another file."""
    found = read_json(path, f"delete it, and `snakemake {path}` makes it again")
    try:
        made = [
            Cost(
                name,
                one["params"],
                one["kept_bytes_per_token"],
                one["decoded_tokens_per_second"],
                one["lengths"],
                (one["bfloat16_tokens"], one["bfloat16_step_seconds"]) if "bfloat16_tokens" in one else None,
            )
            for name, one in found["variants"].items()
        ]
        return made, {"decoded": found["decoded"], **found["machine"]}
    except (KeyError, TypeError) as error:
        raise ReportError(f"{path}: is not what `python -m train bench-lengths` writes ({error}); delete it") from None


def blocks(compared: Compared) -> list[Block]:
    """The table of costs, where they were measured."""
    if compared.lengths is None:
        return []
    found, machine = costs(compared.lengths)
    return [_table(found, machine)] if found else []


def _table(found: Sequence[Cost], machine: dict[str, Any]) -> Table:
    first, last = (found[0].lengths[place]["tokens"] for place in (0, -1))
    middle = max(one["tokens"] for one in found[0].lengths if one["tokens"] <= max(FROM, first))
    shown, half = tuple(dict.fromkeys((first, middle, last))), found[0].half
    header = (
        Column("Variant"), "Para-\nmeters", f"MACs needed\nat {count(last)}", "MACs\ncomputed",
        "Bytes kept\na token", f"Kept at\n{count(last)}", *(f"ms at\n{count(n)}" for n in shown), "Slope",
        *([f"bfloat16\nat {count(half[0])}"] if half else []),
        f"Memory\nat {count(last)}", "Slope", "Decoded\ntokens/s",
    )  # fmt: skip
    rows = []
    for one in found:
        by = {each["tokens"]: each for each in one.lengths}
        rows.append(
            [
                f"`{one.name}`", count(one.params), _short(by[last]["macs_needed"]), _short(by[last]["macs_computed"]),
                _bytes(one.kept_bytes_per_token) if one.kept_bytes_per_token else "a state",
                _bytes(by[last]["kept_bytes"]), *(_milliseconds(by[n]["step_seconds"]) for n in shown),
                _slope(one.slope("step_seconds")), *([_milliseconds(one.half[1])] if one.half else []),
                _bytes(by[last]["memory_bytes"]), _slope(one.slope("memory_bytes")),
                count(round(one.tokens_per_second)),
            ]
        )  # fmt: skip
    caption = (
        "What each costs. Parameters, bytes that decoding keeps of each token, those kept of a text that long, and "
        f"tokens decoded a second with a cache for {count(machine['decoded'])}, are of the whole network; the rest of "
        "one of its blocks with embedding and head, one sequence: multiply-adds forward, needed and computed; "
        "milliseconds of loss and gradient at some of the lengths, medians of steps taken in turns after compilation; "
        f"bytes that the compiled program allocates. Slopes are of logarithms, {_span(found[0])}: 1 is linear, "
        f"2 quadratic. float32{', products in bfloat16 where it says so (ms),' if half else ''} on "
        f"{machine['cpu'] or machine['device_kind']}, "
        f"{words(machine['cpu_threads'], 'thread')}."
    )
    return Table(caption, header, rows)


def _span(one: Cost) -> str:
    """Over which lengths slopes are taken."""
    tokens = [each["tokens"] for each in one.late]
    return f"from {count(tokens[0])} to {count(tokens[-1])} tokens"


def _slope(value: float) -> str:
    return NONE if math.isnan(value) else plain(value, 2)


def _milliseconds(seconds: float) -> str:
    return plain(1e3 * seconds, 1 if seconds < 0.1 else 0)


def _short(value: float) -> str:
    return "{} {}".format(*scaled(value)).strip()


def _bytes(value: float) -> str:
    return "{} {}B".format(*scaled(value))


def drawn(compared: Compared) -> bytes:
    """Time per token and memory over the length, a line per variant."""
    found = costs(compared.lengths)[0] if compared.lengths else []
    if not found:
        return empty_figure()
    figure = canvas(4.1)
    panels = figure.subplots(1, 2)
    for place, one in enumerate(found):
        tokens = [each["tokens"] for each in one.lengths]
        for panel, values in zip(
            panels,
            (
                [1e6 * each["step_seconds"] / each["tokens"] for each in one.lengths],
                [each["memory_bytes"] / 2**20 for each in one.lengths],
            ),
            strict=True,
        ):
            panel.plot(tokens, values, marker="o", markersize=2.5, linewidth=1.1, label=one.name, **style(place))
    for panel, label in zip(panels, ("Loss and gradient (µs a token)", "Memory of a step (MiB)"), strict=True):
        panel.set_xscale("log", base=2)
        panel.set_yscale("log")
        panel.set_xticks(tokens, [str(value) for value in tokens])
        panel.set_xlabel("Tokens")
        panel.set_ylabel(label)
        settle(panel)
    handles, names = panels[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=7, frameon=False, fontsize=7)
    return svg(figure)
