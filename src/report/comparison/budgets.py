"""What variants reach in the same time, and what they keep at ten times their best rate, by the validation loss."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from statistics import fmean

from report.comparison.settings import Setting, Variant, rate, run_of, value_of
from report.runs.load import Cell, Run, metrics

#: How much larger the rate is that a variant is to survive.
LARGER = 10.0
#: Of rates that were tried, those count as so much larger which are within this share of it.
NEARLY = 0.05


def step_seconds(setting: Setting, variant: Variant) -> float:
    """The time of a step where those of all variants were taken in turns, else the least that a run had.

    What else a machine does only adds to it. NaN where none was timed.
    """
    if variant.name in setting.steps:
        return setting.steps[variant.name] / 1000
    every = [value_of(run, "step_milliseconds") for cell in variant.cells for run in cell.runs]
    timed = [value for value in every if not math.isnan(value)]
    return min(timed) / 1000 if timed else math.nan


def seconds(setting: Setting) -> float:
    """The time that all have: what the fastest variant takes for all of its steps; NaN where none was timed."""
    needed = [
        step_seconds(setting, one) * max(steps)
        for one in setting.variants
        if (steps := [run.summary.get("steps", 0) for run in setting.runs(one.name).values() if not run.diverged])
    ]
    return min((value for value in needed if not math.isnan(value)), default=math.nan)


def loss(setting: Setting, variant: Variant) -> float:
    """Mean validation loss at the end of the judged runs that count."""
    found = [run.metric("loss") for run in setting.runs(variant.name).values() if not run.diverged]
    return fmean(found) if found else math.nan


def loss_after(setting: Setting, variant: Variant, budget: float) -> float:
    """The same after ``budget`` seconds of steps, on the line between two validations; NaN before the first one."""
    each = step_seconds(setting, variant)
    counted = [run for run in setting.runs(variant.name).values() if not run.diverged]
    if math.isnan(each) or math.isnan(budget) or not counted:
        return math.nan
    return fmean(_between(run, budget / each) for run in counted)


def _between(run: Run, step: float) -> float:
    frame = metrics(run)
    own = frame[(frame["split"] == "val") & (frame["metric"] == "loss")].dropna(subset=["value"])
    # What is told at the end once more, from the samples of a task, has the step of the last validation.
    points = list(own.groupby("step")["value"].first().items())
    for (before, low), (after, high) in pairwise(points):
        if before <= step < after:
            return low + (high - low) * (step - before) / (after - before)
    return points[-1][1] if points and step >= points[-1][0] else math.nan


def larger(setting: Setting, variant: Variant) -> Cell | None:
    """The cell at ten times the best rate, where that was tried."""
    if not setting.as_good(variant):
        return None
    wanted = LARGER * rate(setting.best(variant))
    near = [cell for cell in variant.cells if abs(rate(cell) / wanted - 1) < NEARLY]
    return near[0] if near else None


def kept(setting: Setting, variant: Variant) -> float:
    """Of what a variant learns at its best rate, the share that it learns at ten times that; NaN where not tried.

    What is learned is how far the loss falls below that of guessing all classes alike. A run that diverged has learned
    nothing, and neither has one that ends above guessing.
    """
    cell = larger(setting, variant)
    if cell is None:
        return math.nan
    guess = math.log(cell.config.require("dataset.classes", int))
    best = fmean(_learned(run_of(setting.best(variant), seed), guess) for seed in setting.seeds)
    return fmean(_learned(run_of(cell, seed), guess) for seed in setting.seeds) / best if best > 0 else math.nan


def _learned(run: Run, guess: float) -> float:
    value = math.nan if run.diverged else run.metric("loss")
    return 0.0 if math.isnan(value) else max(0.0, guess - value)


def diverged(setting: Setting, cell: Cell | None) -> float:
    """How many judged runs of a cell diverged; NaN of none."""
    if cell is None:
        return math.nan
    return float(sum(bool(run_of(cell, seed).diverged) for seed in setting.seeds))


def columns(setting: Setting, variant: Variant, budget: float) -> dict[str, float]:
    """All of these of one variant, by the names of columns."""
    cell = larger(setting, variant)
    return {
        "loss": loss(setting, variant),
        "loss_at_equal_time": loss_after(setting, variant, budget),
        "least_step_milliseconds": 1000 * step_seconds(setting, variant),
        "larger_rate": math.nan if cell is None else rate(cell),
        "kept": kept(setting, variant),
        "diverged_at_larger": diverged(setting, cell),
    }


def survivors(rows: Sequence[tuple[str, float]]) -> tuple[list[str], list[str], list[str]]:
    """Names with the share that they keep: those that keep at least half, those that keep less, those not tried."""
    tried = [(name, share) for name, share in rows if not math.isnan(share)]
    return (
        [name for name, share in tried if share >= 0.5],
        [name for name, share in tried if share < 0.5],
        [name for name, share in rows if math.isnan(share)],
    )
