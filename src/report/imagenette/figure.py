"""Accuracy of each network, every seed visible, with the book's figures; and the validation curves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from report.ablation import book as ablation
from report.engine.canvas import BOOK, FAINT, OURS, SEED, canvas, empty_figure, legend, svg
from report.imagenette import book
from report.runs.command import Trained
from report.runs.curves import NOTHING, Printed, curves_figure, printed
from report.runs.divergence import counted

if TYPE_CHECKING:
    import pandas as pd


def figures(trained: Trained) -> tuple[bytes, bytes]:
    """Both figures as SVG."""
    table = trained.table
    first = accuracy_figure(table, counted(trained.runs))
    return first, curves_figure(trained.counted_curves, list(table["cell"]), printed=book_curves(table))


def book_curves(table: pd.DataFrame) -> Printed:
    """The book's logged curves of these networks, on its own data set."""
    return printed(table, book.curves()) if ablation.is_dataset(table["dataset"].iloc[0]) else NOTHING


def accuracy_figure(table: pd.DataFrame, runs: pd.DataFrame) -> bytes:
    """One line per network: seeds and mean, below them the book's run and its rerun where the data are the book's."""
    table = table[table["n"] > 0]
    if table.empty:
        return empty_figure()
    figure = canvas(0.36 * len(table) + 0.95)
    axes = figure.subplots()
    theirs = ablation.is_dataset(table["dataset"].iloc[0])
    for y, row in enumerate(table.itertuples()):
        seeds = runs.loc[runs["cell"] == row.cell, "top1"]
        several = len(seeds) > 1
        axes.plot(row.top1_mean, y, "o", color=OURS, markersize=5.5, zorder=4, label="mean" if several else SEED)
        if several:
            ring = {"markerfacecolor": "none", "markeredgecolor": OURS, "markeredgewidth": 0.8, "markersize": 3.6}
            axes.plot(seeds, [y - 0.24] * len(seeds), "o", zorder=3, label=SEED, **ring)
        pairs = ((row.book_top1, BOOK, "book"), (row.book_rerun_top1, "white", "its rerun of August 2026"))
        for value, face, label in pairs if theirs else ():
            if value == value:
                diamond = {"color": BOOK, "markerfacecolor": face, "markersize": 4.2, "markeredgewidth": 0.9}
                axes.plot(value, y + 0.24, "D", zorder=3, label=label, **diamond)
    axes.set_xlabel("Validation top-1 (%)")
    axes.set_ylim(len(table) - 0.45, -0.55)
    axes.set_yticks(range(len(table)), list(table["cell"]))
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="y", color=FAINT, linewidth=0.5)
    axes.set_axisbelow(True)
    axes.margins(x=0.05)
    legend(figure, [axes])
    return svg(figure)
