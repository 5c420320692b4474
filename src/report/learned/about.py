"""What differs between the reports on tasks."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from textwrap import wrap
from typing import TYPE_CHECKING

from report.engine.page import Block
from train.tasks import TASKS, Task

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from report.runs.command import Trained
    from report.runs.load import Cell


def nothing(trained: Trained) -> list:
    """No blocks, or no sentences."""
    return []


@dataclass(frozen=True)
class Panel:
    """A drawing beside that of the headline: its title and what draws it."""

    caption: str
    draw: Callable[[Axes, Sequence[Cell]], None]


@dataclass(frozen=True)
class About:
    """The content of one report: ``metrics`` in its table, by their names, the headline first.

    ``question`` is what the cells are to answer where the experiment's own words are not at hand. ``tables`` are blocks
    after the main table, ``pictures`` those at the end, ``findings`` sentences; all are made from the files that runs
    leave. ``demos`` are the rows of ``book_demos.csv`` that a report shows, by the beginning of their names.
    """

    task: str
    title: str
    question: str
    metrics: tuple[str, ...]
    demos: tuple[str, ...]
    sections: tuple[str, ...] = ("11",)
    panel: Panel | None = None
    tables: Callable[[Trained], list[Block]] = nothing
    pictures: Callable[[Trained], list[Block]] = nothing
    findings: Callable[[Trained], list[str]] = nothing
    decimals: dict[str, int] = field(default_factory=dict)

    @property
    def of(self) -> Task:
        """The task."""
        return TASKS[self.task]

    @property
    def headline(self) -> str:
        """Name of the figure that cells are compared by."""
        return self.metrics[0]

    def measured(self, cells: Sequence[Cell]) -> About:
        """The same without figures that no run has: samples in colour have no judge, and so the loss stands first."""
        runs = [run for cell in cells for run in cell.counted]
        kept = tuple(name for name in self.metrics if any(not math.isnan(run.metric(name)) for run in runs))
        return replace(self, metrics=kept or self.metrics)

    def said(self, metric: str) -> str:
        """A metric as the head of a column: what it is called, and its unit."""
        found = next(one for one in self.of.metrics if one.name == metric)
        label = (
            found.label if found.label[1:2].isupper() else found.label[:1].upper() + found.label[1:]
        )  # mAP is a name
        return f"{label} ({found.unit})" if found.unit else label

    def heading(self, metric: str) -> str:
        """The same in lines short enough for a narrow column."""
        return "\n".join(wrap(self.said(metric), 15, break_long_words=False, break_on_hyphens=False))

    def places(self, metric: str) -> int:
        """Decimals that a metric is written with: two for percent, three else, unless it says otherwise."""
        unit = next(one.unit for one in self.of.metrics if one.name == metric)
        return self.decimals.get(metric, 2 if unit == "%" else 3)
