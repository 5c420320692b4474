"""A comparison with what schedules alone are asked for: what warm-up buys at which rate."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from report.comparison.figure import said
from report.comparison.report import Compared, Comparison
from report.comparison.settings import Setting, Variant, rate, run_of, value_of
from report.engine.formats import NONE, number, plain, signed, words
from report.engine.page import Block, Cell, Column, Table
from report.runs import statistics

#: Keys of a schedule that warm-up is told by.
WARMUP = ("warmup_steps", "warmup_epochs")


def more(compared: Compared) -> list[Block]:
    """A table for each setting that has a variant with and without warm-up."""
    return [table for setting in compared.settings if (table := bought(setting))]


def pairs(setting: Setting) -> list[tuple[Variant, Variant]]:
    """Variants with warm-up, each with the one that has the same schedule without."""
    plain_ones = {_shape(one): one for one in setting.variants if not _warmup(one)}
    return [(one, plain_ones[_shape(one)]) for one in setting.variants if _warmup(one) and _shape(one) in plain_ones]


def _schedule(variant: Variant) -> Mapping[str, Any]:
    return variant.cells[0].config.require("schedule", dict)


def _warmup(variant: Variant) -> int:
    return max(_schedule(variant).get(key) or 0 for key in WARMUP)


def _shape(variant: Variant) -> str:
    return repr(sorted((key, value) for key, value in _schedule(variant).items() if key not in WARMUP))


def bought(setting: Setting) -> Table | None:
    """A row per pair and rate: both figures, and by how much warm-up is better, paired by seed, with Holm's p."""
    places = 2 if setting.metric.unit == "%" else 3
    sign = setting.sign(setting.metric.name)
    rows, ps = [], []
    for warm, cold in pairs(setting):
        others = {rate(cell): cell for cell in cold.cells}
        for cell in warm.cells:
            if rate(cell) not in others:
                continue
            values = [_figures(one, setting) for one in (cell, others[rate(cell)])]
            shared = sorted(values[0].keys() & values[1].keys())
            pair = statistics.paired(*([sign * some[seed] for seed in shared] for some in values))
            ps.append(pair.p)
            rows.append((warm, cold, cell, values, pair))
    if not rows:
        return None
    header = (
        Column("With warm-up"), Column("Without"), "Rate", "With", "Without", "Better by", "95 % interval", "p (Holm)",
    )  # fmt: skip
    made = []
    for (warm, cold, cell, values, pair), p in zip(rows, statistics.holm(ps), strict=True):
        first = cell is warm.cells[0]
        interval = f"{signed(pair.low, places)} to {signed(pair.high, places)}"
        made.append(
            [
                f"`{warm.name}`" if first else "", f"`{cold.name}`" if first else "", number(rate(cell)),
                *(_mean(some, setting, places) for some in values), signed(pair.mean, places),
                NONE if math.isnan(pair.low) else interval,
                NONE if math.isnan(p) else "<0.001" if p < 0.001 else plain(p, 3),
            ]
        )  # fmt: skip
    lengths = sorted({_warmup(warm) for warm, *_ in rows})
    unit = "step" if _schedule(rows[0][0]).get("warmup_steps") else "epoch"
    caption = (
        f"{setting.title}. What warm-up over {' or '.join(words(one, unit) for one in lengths)} buys at which rate: "
        f"{said(setting)}, mean over {words(len(setting.seeds), 'seed')} at the same rate, and by how much it is "
        "better with warm-up, paired by seed; positive is better. Holm over the rows of the table."
    )
    return Table(caption, header, made)


def _figures(cell: Any, setting: Setting) -> dict[int, float]:
    found = {seed: value_of(run_of(cell, seed), setting.metric.name) for seed in setting.seeds}
    return {seed: value for seed, value in found.items() if not math.isnan(value)}


def _mean(values: Mapping[int, float], setting: Setting, places: int) -> Cell:
    lost = len(setting.seeds) - len(values)
    gone = f" ({lost} diverged)" if lost and values else ""
    return Cell(plain(statistics.mean([*values.values()]), places) + gone if values else "diverged", alarm=bool(lost))


REPORT = Comparison(more)
