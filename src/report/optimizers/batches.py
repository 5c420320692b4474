"""How optimizers take larger batches: what they reach, and whether the best rate grows as the scaling rules say."""

from __future__ import annotations

import math
from collections.abc import Sequence

from report.comparison.figure import said
from report.comparison.settings import Setting, Variant, rate
from report.engine.formats import NONE, count, number, plain, signed, words
from report.engine.page import Column, Line, Table
from report.runs import statistics
from report.runs.optimizers import title


def batch(variant: Variant) -> int:
    """Examples of a step."""
    return variant.cells[0].config.require("batch_size", int)


def differ(setting: Setting) -> bool:
    """Whether variants of a setting have different batches."""
    return len({batch(one) for one in setting.variants}) > 1


def families(setting: Setting) -> dict[str, list[Variant]]:
    """The variants of each optimizer by its title, by rising batch."""
    found: dict[str, list[Variant]] = {}
    for one in setting.variants:
        config = one.cells[0].config
        found.setdefault(title(config.get("optimizer"), config.get("own_optimizer")), []).append(one)
    return {name: sorted(some, key=batch) for name, some in found.items()}


def table(setting: Setting) -> Table:
    """A row per optimizer and batch: figure, loss to the smallest batch paired by seed, best rate and the two rules."""
    places = 2 if setting.metric.unit == "%" else 3
    header = (
        Column("Optimizer"), "Batch", "Steps", said(setting).replace(" (", "\n("), "Minus the\nsmallest batch",
        "95 % interval", "Best rate", "√ rule\nsays", "Linear rule\nsays", Column("Nearer"),
    )  # fmt: skip
    rows: list[list[str] | Line] = []
    for name, variants in families(setting).items():
        first = variants[0]
        base, best = setting.values(first.name), _best(setting, first)
        for place, one in enumerate(variants):
            own, ratio = setting.values(one.name), batch(one) / batch(first)
            shared = sorted(own.keys() & base.keys())
            pair = statistics.paired([own[seed] for seed in shared], [base[seed] for seed in shared])
            found, rules = _best(setting, one), (best * math.sqrt(ratio), best * ratio)
            later = place > 0
            cells = [
                name if not later else "", count(batch(one)), count(_steps(one)),
                plain(statistics.mean([*own.values()]), places) if own else "diverged",
                signed(pair.mean, places) if later else NONE,
                f"{signed(pair.low, places)} to {signed(pair.high, places)}"
                if later and not math.isnan(pair.low) else NONE,
                NONE if math.isnan(found) else number(found),
                *(number(float(f"{rule:.2g}")) if later and not math.isnan(rule) else NONE for rule in rules),
                nearer(found, rules) if later else NONE,
            ]  # fmt: skip
            rows.append(cells if later or not rows else Line(cells, rule=True))
    caption = (
        f"{setting.title}. Larger batches, the same number of examples: {said(setting)}, mean over "
        f"{words(len(setting.seeds), 'seed')}, each batch at the best of its rates, and its difference from the "
        "smallest batch of the same optimizer, paired by seed. The rules take the best rate of the smallest batch "
        "times the batch’s growth (linear) or the root of it; nearer is the one whose rate is the smaller factor away."
    )
    return Table(caption, header, rows)


def nearer(found: float, rules: Sequence[float]) -> str:
    """Which of the two rules a rate is nearer to, by the factor between them."""
    if math.isnan(found) or any(map(math.isnan, rules)):
        return NONE
    root, linear = (abs(math.log(found / rule)) for rule in rules)
    return "either" if abs(root - linear) < 0.1 else "√" if root < linear else "linear"


def _best(setting: Setting, variant: Variant) -> float:
    return rate(setting.best(variant)) if setting.as_good(variant) else math.nan


def _steps(variant: Variant) -> int:
    return variant.cells[0].runs[0].summary.require("steps", int)
