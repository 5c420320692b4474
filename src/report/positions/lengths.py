"""What variants reach at more tokens than they were trained on: a table with a verdict, and a figure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean

from report.comparison.figure import style
from report.comparison.report import Compared
from report.comparison.settings import Setting
from report.engine.canvas import canvas, empty_figure, svg
from report.engine.formats import NONE, plain, signed
from report.engine.page import Block, Cell, Column, Table
from report.learned.figure import settle
from report.runs import statistics
from train.tasks.language import LONGER

#: Nats that a loss may grow by and still count as holding.
SMALLEST = 0.05
HOLDS, BREAKS, UNDECIDED, CANNOT = "holds", "breaks", "undecided", "has no positions there"
RULE = (
    f"A form holds at a length where the whole 95 % interval of what its loss grows by, paired by seed, lies below "
    f"{SMALLEST:g} nats, breaks where the whole lies above, and is undecided between"
)


@dataclass(frozen=True)
class Reached:
    """The loss of a variant at a multiple of the length of training by seed, and what it grew by."""

    variant: str
    factor: int
    values: dict[int, float]
    grown: statistics.Paired

    @property
    def verdict(self) -> str:
        """By :data:`RULE`."""
        if not self.values:
            return CANNOT
        if math.isnan(self.grown.low):
            return UNDECIDED
        if self.grown.high < SMALLEST:
            return HOLDS
        return BREAKS if self.grown.low > SMALLEST else UNDECIDED


def reached(setting: Setting, variant: str) -> list[Reached]:
    """One for each of the lengths, that of training first."""
    base = setting.values(variant)
    found = []
    for factor in (1, *LONGER):
        values = base if factor == 1 else setting.values(variant, f"loss_x{factor}")
        shared = sorted(values.keys() & base.keys())
        grown = statistics.paired([values[seed] for seed in shared], [base[seed] for seed in shared])
        found.append(Reached(variant, factor, values, grown))
    return found


def blocks(compared: Compared) -> list[Block]:
    """A table for each setting: the loss at each length, and whether the form holds at the longest."""
    return [_table(setting) for setting in compared.settings]


def _table(setting: Setting) -> Table:
    header = (
        Column("Variant"), *(f"× {factor}" for factor in (1, *LONGER)), f"Grown by\nat × {LONGER[-1]}",
        "95 % interval", Column("Verdict"),
    )  # fmt: skip
    rows = []
    for one in setting.variants:
        found = reached(setting, one.name)
        last = found[-1]
        rows.append(
            [
                f"`{one.name}`",
                *(plain(fmean(each.values.values()), 3) if each.values else NONE for each in found),
                signed(last.grown.mean, 3) if last.values else NONE,
                NONE if math.isnan(last.grown.low) else f"{signed(last.grown.low, 3)} to {signed(last.grown.high, 3)}",
                Cell(last.verdict, alarm=last.verdict == BREAKS),
            ]
        )
    caption = (
        f"{setting.title}: held-out loss in nats at multiples of the length of training, mean over seeds. At every "
        f"length a token has at least half of it before it; beyond that of training, some windows are scored. {RULE}."
    )
    return Table(caption, header, rows)


def drawn(compared: Compared) -> bytes:
    """The loss over the length, a line per variant and a circle per seed; what is far above the best is cut off."""
    setting = compared.settings[0]
    all_found = [reached(setting, one.name) for one in setting.variants]
    known = [value for found in all_found for one in found for value in one.values.values()]
    if not known:
        return empty_figure()
    figure = canvas(2.9)
    panel = figure.subplots()
    for place, found in enumerate(all_found):
        some = [one for one in found if one.values]
        look = style(place)
        panel.plot(
            [one.factor for one in some],
            [fmean(one.values.values()) for one in some],
            linewidth=1.3,
            label=setting.variants[place].name,
            **look,
        )
        for one in some:
            panel.plot(
                [one.factor] * len(one.values), [*one.values.values()], "o", fillstyle="none", markersize=3.5,
                color=look["color"],
            )  # fmt: skip
    panel.set_xscale("log")
    panel.set_xticks([1, *LONGER], [f"× {factor}" for factor in (1, *LONGER)])
    panel.minorticks_off()
    low = min(known)
    panel.set_ylim(low - 0.1, min(max(known) + 0.1, low + 2.5))
    panel.set_xlabel("Tokens, as multiples of the length of training")
    panel.set_ylabel("Held-out loss (nats)")
    panel.legend(frameon=False, fontsize=7, ncols=2)
    settle(panel)
    return svg(figure)
