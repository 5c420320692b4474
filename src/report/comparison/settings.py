"""What a comparison compares: variants in one or several settings, and the rate at which each seed is judged."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from statistics import fmean
from typing import Any

from report.runs.load import Cell, Run
from report.sweep import points
from train.tasks import TASKS, Metric

RATE = "optimizer.learning_rate"
#: Rates count as as good as the best within this share of its figure.
AS_GOOD = 0.05
#: Figures besides the metrics of a task, of which less is better: where a summary has them.
COSTS = {
    "params": "params",
    "macs": "macs",
    "optimizer_bytes": "optimizer_bytes",
    "step_milliseconds": "timing.step_milliseconds",
}


@dataclass(frozen=True)
class Variant:
    """Cells that differ in the rate alone, by rising rate."""

    name: str
    cells: tuple[Cell, ...] = field(repr=False)

    @property
    def rates(self) -> list[float]:
        """The rates that were tried."""
        return [rate(cell) for cell in self.cells]


@dataclass(frozen=True)
class Setting:
    """A task, data set and recipe with its variants.

    ``seeds`` are judged; ``tuning`` are those that decide on rates and are not, or none. ``steps`` are milliseconds of
    a step by variant where those were taken in turns.
    """

    name: str
    title: str
    variants: tuple[Variant, ...]
    seeds: tuple[int, ...]
    tuning: tuple[int, ...]
    baseline: str
    steps: Mapping[str, float] = field(default_factory=dict)

    @property
    def metric(self) -> Metric:
        """The figure that is judged: the headline of the task."""
        return TASKS[self.variants[0].cells[0].first.summary.get("task")].headline

    def sign(self, figure: str) -> int:
        """1 where more of a figure is better, −1 where less is."""
        metrics = TASKS[self.variants[0].cells[0].first.summary.get("task")].metrics
        known = {one.name: one.better for one in metrics}
        return 1 if known.get(figure) == "up" else -1

    @property
    def cells(self) -> list[Cell]:
        """The cells of all variants."""
        return [cell for variant in self.variants for cell in variant.cells]

    def variant(self, name: str) -> Variant:
        """The variant of a name; raises ``KeyError``."""
        return {one.name: one for one in self.variants}[name]

    @cached_property
    def chosen(self) -> dict[str, dict[int, Cell]]:
        """For every variant the cell, that is the rate, at which each seed is judged.

        A seed has no say in its own rate: that is the one whose mean figure is best over the seeds for tuning or, where
        there are none, over the other judged ones. A rate at which one of those diverged cannot be chosen unless all
        are such. Of equal ones the smaller is taken. A seed alone chooses for itself.
        """
        return {one.name: {seed: self._choice(one, seed) for seed in self.seeds} for one in self.variants}

    def _choice(self, variant: Variant, seed: int) -> Cell:
        others = self.tuning or tuple(other for other in self.seeds if other != seed) or (seed,)
        return min(variant.cells, key=lambda cell: self._badness(cell, others))

    def _badness(self, cell: Cell, seeds: Sequence[int]) -> float:
        values = [-self.sign(self.metric.name) * value_of(run_of(cell, seed), self.metric.name) for seed in seeds]
        return math.inf if any(map(math.isnan, values)) else fmean(values)

    def best(self, variant: Variant) -> Cell:
        """The rate that is best over all judged seeds, which sensitivity is told by and nothing is judged at."""
        return min(variant.cells, key=lambda cell: self._badness(cell, self.seeds))

    def as_good(self, variant: Variant) -> list[Cell]:
        """The rates around the best whose mean figure is within :data:`AS_GOOD` of it; none where all diverged."""
        best = self._badness(self.best(variant), self.seeds)
        if math.isinf(best):
            return []
        good = [self._badness(cell, self.seeds) <= best + AS_GOOD * abs(best) for cell in variant.cells]
        low = high = variant.cells.index(self.best(variant))
        while low > 0 and good[low - 1]:
            low -= 1
        while high + 1 < len(good) and good[high + 1]:
            high += 1
        return list(variant.cells[low : high + 1])

    def at_end(self, variant: Variant) -> str:
        """``smallest`` or ``largest`` where the best rate is at that end of several, else nothing."""
        if len(variant.cells) < 2:
            return ""
        place = variant.cells.index(self.best(variant))
        return {0: "smallest", len(variant.cells) - 1: "largest"}.get(place, "")

    def runs(self, variant: str, at: str = "best") -> dict[int, Run]:
        """The judged runs of a variant by seed, each at its chosen rate (``best``), or ``at`` an end of the rates."""
        if at == "best":
            return {seed: run_of(cell, seed) for seed, cell in self.chosen[variant].items()}
        cell = self.variant(variant).cells[-1 if at == "largest" else 0]
        return {seed: run_of(cell, seed) for seed in self.seeds}

    def values(self, variant: str, figure: str = "", at: str = "best") -> dict[int, float]:
        """A figure, by default the headline, by seed, without runs that diverged."""
        found = {seed: value_of(run, figure or self.metric.name) for seed, run in self.runs(variant, at).items()}
        return {seed: value for seed, value in found.items() if not math.isnan(value)}


def rate(cell: Cell) -> float:
    """The peak learning rate of a cell."""
    return float(cell.config.require(RATE, float))


def run_of(cell: Cell, seed: int) -> Run:
    """The run of a cell with a seed."""
    return next(run for run in cell.runs if run.seed == seed)


def value_of(run: Run, figure: str) -> float:
    """A metric of a run or one of :data:`COSTS`; NaN of a run that diverged and where there is none."""
    if run.diverged:
        return math.nan
    if figure in COSTS:
        value: Any = run.summary.get(COSTS[figure])
        return math.nan if value is None else float(value)
    return run.metric(figure)


def variants(cells: Sequence[Cell]) -> tuple[Variant, ...]:
    """Cells gathered by what they are rates of, in the order given."""
    found: dict[str, list[Cell]] = {}
    for cell in cells:
        found.setdefault(points.of(cell), []).append(cell)
    return tuple(Variant(name, tuple(sorted(some, key=rate))) for name, some in found.items())
