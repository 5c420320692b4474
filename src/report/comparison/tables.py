"""The tables of a comparison: a row per variant, a row per run, and the curves of the judged runs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median
from typing import TYPE_CHECKING

from report.comparison import budgets
from report.comparison.claims import Verdict
from report.comparison.settings import COSTS, Setting, Variant, rate, run_of, value_of
from report.engine import table
from report.runs import statistics
from report.runs.load import metrics

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = {
    "setting": "name of the setting; empty where there is one alone",
    "variant": "name of the variant",
    "description": "what it is",
    "params": "trainable parameters of the network",
    "macs": "its multiply-accumulates per example",
    "rate": "the rate that most seeds are judged at",
    "rates_chosen": "how many different rates seeds are judged at",
    "best_rate": "the rate that is best over all judged seeds",
    "at_end": "smallest or largest where that is the end of the rates that were tried",
    "good_from": "the smallest rate around the best that is within 5 % of its figure",
    "good_to": "the largest such rate",
    "n": "judged runs that count",
    "diverged": "judged runs that diverged and are left out",
    "diverged_rates": "rates at which a run diverged",
    "mean": "mean of the figure that is judged",
    "sd": "sample standard deviation over seeds",
    "difference": "that figure minus the baseline's, paired by seed",
    "low": "lower end of its 95 % interval",
    "high": "upper end",
    "p": "its p-value",
    "p_holm": "the same after Holm, over the rows of the setting",
    "step_milliseconds": "time of a step: of steps in turns where those were timed, else the median over runs",
    "optimizer_bytes": "bytes of the state of the optimizer",
    "loss": "mean validation loss of the judged runs that count, at their end",
    "loss_at_equal_time": "the same after the time that the fastest variant takes for all its steps",
    "least_step_milliseconds": "the same, or the least time of a step that a run had, which that is told by",
    "larger_rate": "the rate that is ten times the best one, where it was tried",
    "kept": "the share of what is learned at the best rate that is learned there",
    "diverged_at_larger": "judged runs that diverged there",
}
TEXTS = {"setting", "variant", "description", "at_end"}
RUN_COLUMNS = (
    "setting", "variant", "cell", "rate", "seed", "judged", "figure", "train_loss", "diverged_epoch",
    "step_milliseconds", "wall_seconds", "git_commit", "git_dirty", "config_hash",
)  # fmt: skip
CURVE_COLUMNS = ("setting", "variant", "cell", "seed", "epoch", "step", "split", "metric", "value")
CLAIM_COLUMNS = (
    "line", "says", "setting", "of", "than", "figure", "at", "expects", "smallest", "verdict", "n", "mean", "low",
    "high", "remark", "table", "row", "column",
)  # fmt: skip


def per_variant(settings: Sequence[Setting]) -> pd.DataFrame:
    """A row per setting and variant with :data:`COLUMNS`."""
    return table.frame([row for setting in settings for row in _rows(setting)], COLUMNS, TEXTS)


def _rows(setting: Setting) -> list[dict]:
    base = setting.values(setting.baseline)
    budget = budgets.seconds(setting)
    rows = [_row(setting, one) | budgets.columns(setting, one, budget) for one in setting.variants]
    for row in rows:
        if row["variant"] == setting.baseline:
            continue
        own = setting.values(row["variant"])
        shared = sorted(own.keys() & base.keys())
        pair = statistics.paired([own[seed] for seed in shared], [base[seed] for seed in shared])
        row |= {"difference": pair.mean, "low": pair.low, "high": pair.high, "p": pair.p}
    adjusted = statistics.holm([row.get("p", math.nan) for row in rows])
    return [{**row, "p_holm": p} for row, p in zip(rows, adjusted, strict=True)]


def _row(setting: Setting, variant: Variant) -> dict:
    values = [*setting.values(variant.name).values()]
    chosen = [rate(cell) for cell in setting.chosen[variant.name].values()]
    good = [rate(cell) for cell in setting.as_good(variant)]
    every = [run for cell in variant.cells for run in cell.runs]
    costs = {name: [v for run in every if not math.isnan(v := value_of(run, name))] for name in COSTS}
    return {
        "setting": setting.name,
        "variant": variant.name,
        "description": variant.cells[0].description.partition("; optimizer.learning_rate")[0],
        "params": every[0].summary.get("params"),
        "macs": every[0].summary.get("macs"),
        "rate": max(chosen, key=chosen.count),
        "rates_chosen": len(set(chosen)),
        "best_rate": rate(setting.best(variant)) if good else math.nan,
        "at_end": setting.at_end(variant) if good else "",
        "good_from": min(good, default=math.nan),
        "good_to": max(good, default=math.nan),
        "n": len(values),
        "diverged": len(setting.seeds) - len(values),
        "diverged_rates": sum(bool(cell.diverged) for cell in variant.cells),
        "mean": statistics.mean(values),
        "sd": statistics.sd(values),
        "step_milliseconds": setting.steps.get(variant.name, median(costs["step_milliseconds"] or [math.nan])),
        "optimizer_bytes": median(costs["optimizer_bytes"] or [math.nan]),
    }


def per_run(settings: Sequence[Setting]) -> pd.DataFrame:
    """A row per run; ``judged`` are those at the rate that their seed is judged at."""
    import pandas as pd

    rows = []
    for setting in settings:
        for variant in setting.variants:
            for cell in variant.cells:
                for run in cell.runs:
                    chosen = setting.chosen[variant.name].get(run.seed)
                    row = {"setting": setting.name, "variant": variant.name, "cell": cell.name, "rate": rate(cell)}
                    row |= {"seed": run.seed, "judged": chosen is cell}
                    row |= {"figure": value_of(run, setting.metric.name), "train_loss": run.metric("train_loss")}
                    row["diverged_epoch"] = run.diverged and run.diverged["epoch"]
                    row |= {key: run.summary.get(f"timing.{key}") for key in RUN_COLUMNS[9:11]}
                    row |= {key: run.summary.get(f"provenance.{key}") for key in RUN_COLUMNS[11:13]}
                    rows.append(row | {"config_hash": run.summary.get("config_hash")})
    return pd.DataFrame(rows, columns=list(RUN_COLUMNS)).astype({"diverged_epoch": "Int64"})


def curves(settings: Sequence[Setting]) -> pd.DataFrame:
    """Every metric of the judged runs that did not diverge, tidy."""
    import pandas as pd

    parts = [pd.DataFrame(columns=list(CURVE_COLUMNS))]
    for setting in settings:
        for variant in setting.variants:
            for seed, cell in setting.chosen[variant.name].items():
                run = run_of(cell, seed)
                if not run.diverged:
                    names = {"setting": setting.name, "variant": variant.name, "cell": cell.name, "seed": seed}
                    parts.append(metrics(run).assign(**names)[list(CURVE_COLUMNS)])
    return pd.concat(parts[1:] or parts, ignore_index=True)


def of_claims(verdicts: Sequence[Verdict]) -> pd.DataFrame:
    """A row per claim with its verdict and the interval that decides."""
    import pandas as pd

    defaults = {"setting": "", "figure": "", "at": "best", "expects": "better", "smallest": 0.0}
    rows = [
        {**defaults, **one.claim, "verdict": one.verdict, "n": one.n, "mean": one.mean, "low": one.low,
         "high": one.high, "remark": one.remark}
        for one in verdicts
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(CLAIM_COLUMNS))
