"""A report on trained cells: what one is made of, and how its files are made, all or none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from netspec.ownership import write_all
from report.engine.errors import ReportError
from report.engine.files import ending, files
from report.engine.page import Page
from report.engine.table import encode, rounded
from report.runs import divergence, frames
from report.runs.load import Cell, load

if TYPE_CHECKING:
    import pandas as pd

#: The drawings and the tables of every such report, beside its page.
FIRST, CURVES = "*.svg", "*_curves.svg"
DATA = ("*.csv", "*_runs.csv", "*_curves.csv")


@dataclass(frozen=True)
class Trained:
    """What a page and its figures are made from: the cells, a table of them, of their runs, and of every metric."""

    cells: Sequence[Cell]
    table: pd.DataFrame
    runs: pd.DataFrame
    curves: pd.DataFrame
    previews: Sequence[Path] = ()

    @property
    def n(self) -> int:
        """How many seeds every cell has."""
        return len(self.cells[0].runs)

    @cached_property
    def counted_curves(self) -> pd.DataFrame:
        """The metrics of the runs that did not diverge."""
        return divergence.counted_curves(self.curves, self.runs)


@dataclass(frozen=True)
class Report:
    """What differs from report to report; ``page.py`` of each has one as ``REPORT``.

    ``table(cells, lowered)`` gives a row per cell, ``runs(cells)`` one per run, ``figures`` two SVG files and ``page``
    the document. ``lowered`` is the folder of lowered training steps, which only a report that ``lowers`` is given;
    pictures of samples only one that has ``previews``. ``order`` sorts the cells.
    """

    table: Callable[[Sequence[Cell], Path | None], pd.DataFrame]
    figures: Callable[[Trained], tuple[bytes, bytes]]
    page: Callable[[Trained], Page]
    runs: Callable[[Sequence[Cell]], pd.DataFrame] = frames.per_run
    order: Callable[[Sequence[Cell]], Sequence[Cell]] = list
    lowers: bool = False
    previews: bool = False

    def trained(
        self,
        results: Path,
        cells: Sequence[str],
        seeds: Sequence[int],
        lowered: Path | None = None,
        previews: Sequence[Path] = (),
    ) -> Trained:
        """The named cells with their tables.

        Raises:
            ReportError: naming the file and key of the first thing that is missing, malformed or of another experiment.
        """
        for option, given, wanted in (("lowered", lowered, self.lowers), ("previews", previews, self.previews)):
            if given and not wanted:
                raise ReportError(f"--{option}: this report has no use for it")
        if self.lowers and not lowered:
            raise ReportError("--lowered is missing, expected the folder of lowered training steps")
        loaded = self.order(load(results, cells, seeds))
        tables = (self.table(loaded, lowered), self.runs(loaded), frames.curves(loaded))
        return Trained(loaded, *map(rounded, tables), tuple(previews))

    def write(self, trained: Trained, stem: Path) -> None:
        """Write three tables, two figures, the page in Markdown and as PDF: whole, or nothing."""
        tables = zip(DATA, (trained.table, trained.runs, trained.curves), strict=True)
        drawings = dict(zip((FIRST, CURVES), self.figures(trained), strict=True))
        contents = {name: encode(frame) for name, frame in tables} | drawings
        made = {ending(stem, name.removeprefix("*")): content for name, content in contents.items()}
        write_all(made | files(self.page(trained), stem, drawings))
