"""Differences from bare, every seed visible, beside the book's; and validation curves."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from report.ablation import book
from report.ablation.table import BASELINE
from report.engine.canvas import BOOK, FAINT, GREY, OURS, SEED, canvas, empty_figure, legend, svg
from report.engine.formats import signed
from report.runs.command import Trained
from report.runs.curves import NOTHING, Printed, curves_figure, printed
from report.runs.divergence import counted

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


def figures(trained: Trained) -> tuple[bytes, bytes]:
    """Both figures as SVG."""
    table = trained.table
    first = difference_figure(table, trained.runs)
    return first, curves_figure(
        trained.counted_curves, list(table["cell"]), printed=book_curves(table), baseline=BASELINE
    )


def book_curves(table: pd.DataFrame) -> Printed:
    """The book's logged curves of these cells, on its own data set."""
    return printed(table, book.curves()) if book.is_dataset(table["dataset"].iloc[0]) else NOTHING


def difference_figure(cells: pd.DataFrame, runs: pd.DataFrame) -> bytes:
    """Difference from bare per cell: seeds, mean, paired interval, and the book's two differences.

    Without anything to subtract from, or anything to subtract, the accuracies themselves are drawn.
    """
    runs = counted(runs)
    shown = cells[cells["difference"].notna()]
    column = "difference"
    if shown.empty:
        shown, column = cells[cells["n"] > 0], "top1"
    if shown.empty:
        return empty_figure()
    figure = canvas(0.27 * len(shown) + 0.95)
    axes = figure.subplots()
    names = list(shown["cell"])
    low, high = limits(shown, runs, column)
    for y, row in enumerate(shown.itertuples()):
        _cell(axes, y, row, runs.loc[runs["cell"] == row.cell, column], column, (low, high))
    if column == "difference":
        axes.axvline(0, color=GREY, linewidth=0.8, zorder=0)
        axes.xaxis.set_major_formatter(lambda value, _: signed(value, 0 if float(value).is_integer() else 1))
        axes.set_xlabel("Difference from bare in top-1 accuracy (percentage points)")
    else:
        axes.set_xlabel("Top-1 accuracy (%)")
    axes.set_xlim(low, high)
    axes.set_ylim(len(shown) - 0.45, -0.55)
    axes.set_yticks(range(len(shown)), names)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="y", color=FAINT, linewidth=0.5)
    axes.set_axisbelow(True)
    legend(figure, [axes])
    return svg(figure)


def _cell(axes: Axes, y: int, row, seeds: pd.Series, column: str, limits: tuple[float, float]) -> None:
    """One line of the figure: ours on it and above, the book's below, so that neither hides the other."""
    mean = row.difference if column == "difference" else row.top1_mean
    if column == "difference" and not math.isnan(row.interval_low):
        margin = 0.012 * (limits[1] - limits[0])  # an arrow's head stays inside the frame
        low, high = max(row.interval_low, limits[0] + margin), min(row.interval_high, limits[1] - margin)
        label = "mean and paired 95 % interval"
        axes.plot([low, high], [y, y], color=OURS, linewidth=1.6, solid_capstyle="butt", zorder=2)
        for end, full, mark in ((low, row.interval_low, "<"), (high, row.interval_high, ">")):
            cut = end != full
            axes.plot(end, y, mark if cut else "|", color=OURS, markersize=6, markeredgewidth=0.9)
    else:
        label = "mean" if len(seeds) > 1 else SEED
    axes.plot(mean, y, "o", color=OURS, markersize=5.5, zorder=4, label=label)
    if len(seeds) > 1:
        ring = {"markerfacecolor": "none", "markeredgecolor": OURS, "markeredgewidth": 0.8, "markersize": 3.6}
        heights = [y - 0.24 - 0.13 * layer for layer in _layers(sorted(seeds), 0.008 * (limits[1] - limits[0]))]
        axes.plot(sorted(seeds), heights, "o", zorder=3, label=SEED, **ring)
    if column != "difference":
        return
    for value, face, label in (
        (row.book_difference, BOOK, "book, against its printed bare"),
        (row.book_difference_corrected, "white", "book, against the corrected bare"),
    ):
        if not math.isnan(value):
            diamond = {"color": BOOK, "markerfacecolor": face, "markersize": 4.2, "markeredgewidth": 0.9}
            axes.plot(value, y + 0.24, "D", zorder=3, label=label, **diamond)


def _layers(values: list[float], width: float) -> list[int]:
    """How many earlier circles each circle would cover, for sorted values: accuracies of few images often coincide."""
    layers: list[int] = []
    for i, value in enumerate(values):
        layers.append(layers[-1] + 1 if i and value - values[i - 1] < width else 0)
    return layers


def limits(cells: pd.DataFrame, runs: pd.DataFrame, column: str = "difference") -> tuple[float, float]:
    """Limits that show every point in full and every interval, unless it would dwarf the points: two seeds can."""
    points = list(runs[column].dropna())
    if column == "difference":
        books = [*cells["book_difference"].dropna(), *cells["book_difference_corrected"].dropna()]
        points += [0.0, *books]
    low, high = min(points), max(points)
    span = max(high - low, 1.0)
    ends = [] if column != "difference" else [*cells["interval_low"].dropna(), *cells["interval_high"].dropna()]
    low, high = max(min([low, *ends]), low - span), min(max([high, *ends]), high + span)
    margin = 0.03 * (high - low) or 0.5
    return low - margin, high + margin
