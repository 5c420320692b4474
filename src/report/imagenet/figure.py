"""Validation accuracy by epoch, ours and the book's points; and training loss, where a collapse is to be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from report.figures import BOOK, FAINT, GREY, OURS, canvas, legend, svg
from report.imagenet import book

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

#: Lines of a panel, in order; colours that survive colour blindness.
SHADES = (OURS, "#2a9d6f", "#8a5fa8", "#b08a1e", "#4f9bd0", "#7a4a2b", "#d16fa5", GREY)


def figures(table: pd.DataFrame, runs: pd.DataFrame, curves: pd.DataFrame) -> tuple[bytes, bytes]:
    """Both figures as SVG."""
    return accuracy_figure(table, curves), loss_figure(table, curves)


def shown(table: pd.DataFrame) -> list[str]:
    """The cells with an accuracy curve: those of more than one epoch, or all where there are only such."""
    several = list(table.loc[table["epochs"] > 1, "cell"])
    return several or list(table["cell"])


def accuracy_figure(table: pd.DataFrame, curves: pd.DataFrame) -> bytes:
    """Top-1 and top-5 side by side; the mean over seeds of each cell, and the book's points on its own data."""
    figure = canvas(3.0)
    panels = figure.subplots(1, 2, sharey=True)
    theirs = table["dataset"].iloc[0] == book.DATASET
    for panel, metric, title in zip(panels, ("top1", "top5"), ("Top-1", "Top-5"), strict=True):
        for name, shade in zip(shown(table), SHADES, strict=False):
            _line(panel, curves, name, "val", metric, shade)
            row = table.loc[table["cell"] == name, "book_row"].iloc[0]
            logged = book.curves()
            logged = logged[logged["book_row"] == row]
            if theirs and len(logged):
                points = {"marker": "D", "markersize": 2.6, "linestyle": "none", "markeredgecolor": BOOK}
                panel.plot(
                    logged["epoch"], logged[metric], markerfacecolor=shade, markeredgewidth=0.7, label="book", **points
                )
        panel.set_title(title, fontsize=9, pad=3)
        _finish(panel)
    panels[0].set_ylabel("Validation accuracy (%)")
    legend(figure, panels)
    return svg(figure)


def loss_figure(table: pd.DataFrame, curves: pd.DataFrame) -> bytes:
    """Training loss of every cell by epoch, and the loss of chance."""
    figure = canvas(2.2)
    panel = figure.subplots()
    chance = table["chance_loss"].iloc[0]
    panel.axhline(chance, color=GREY, linewidth=0.8, linestyle="--", label="chance")
    for name, shade in zip(table["cell"], SHADES, strict=False):
        _line(panel, curves, name, "train", "loss", shade)
    losses = curves.loc[(curves["split"] == "train") & (curves["metric"] == "loss"), "value"]
    near = losses[losses < 2 * chance]  # a run that diverged may leave the axis
    panel.set_ylim(0.9 * near.min(), 1.1 * max(chance, near.max()))
    panel.set_ylabel("Training loss")
    _finish(panel)
    legend(figure, [panel])
    return svg(figure)


def _line(panel: Axes, curves: pd.DataFrame, name: str, split: str, metric: str, shade: str) -> None:
    rows = curves[(curves["cell"] == name) & (curves["split"] == split) & (curves["metric"] == metric)]
    means = rows.groupby("epoch")["value"].mean()
    short = {"marker": "o", "markersize": 3} if len(means) < 8 else {}
    panel.plot(means.index, means, color=shade, linewidth=1.4, label=name, **short)


def _finish(panel: Axes) -> None:
    panel.set_xlabel("Epoch")
    panel.xaxis.get_major_locator().set_params(integer=True)
    panel.tick_params(labelsize=7.5, length=2)
    panel.grid(color=FAINT, linewidth=0.4)
    panel.set_axisbelow(True)
