"""Validation accuracy by epoch, ours and the book's points; and training loss, where a collapse is to be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from report.engine.canvas import BOOK, FAINT, GREY, OURS, canvas, empty_figure, legend, svg
from report.imagenet import book
from report.runs.command import Trained

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

#: Lines of a panel, in order; colours that survive colour blindness.
SHADES = (OURS, "#2a9d6f", "#8a5fa8", "#b08a1e", "#4f9bd0", "#7a4a2b", "#d16fa5", GREY)


def figures(trained: Trained) -> tuple[bytes, bytes]:
    """Both figures as SVG."""
    table, runs, curves, kept = trained.table, trained.runs, trained.curves, trained.counted_curves
    lost = curves.merge(runs.loc[runs["diverged_epoch"].notna(), ["cell", "seed"]], on=["cell", "seed"])
    return accuracy_figure(table, kept), loss_figure(table, kept, lost)


def shown(table: pd.DataFrame) -> list[str]:
    """The cells with an accuracy curve: those of more than one epoch, or all, of which a run is left."""
    table = table[table["n"] > 0]
    several = list(table.loc[table["epochs"] > 1, "cell"])
    return several or list(table["cell"])


def accuracy_figure(table: pd.DataFrame, curves: pd.DataFrame) -> bytes:
    """Top-1 and top-5 side by side; the mean over seeds of each cell, and the book's points on its own data."""
    if not shown(table):
        return empty_figure()
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


def loss_figure(table: pd.DataFrame, curves: pd.DataFrame, lost: pd.DataFrame) -> bytes:
    """Training loss of every cell by epoch, and the loss of chance; of ``lost`` runs as far as there are numbers."""
    figure = canvas(2.2)
    panel = figure.subplots()
    chance = table["chance_loss"].iloc[0]
    panel.axhline(chance, color=GREY, linewidth=0.8, linestyle="--", label="chance")
    for name, shade in zip(table["cell"], SHADES, strict=False):
        _line(panel, curves, name, "train", "loss", shade)
        _line(panel, lost, name, "train", "loss", shade, linestyle=":")
    losses = [part.loc[(part["split"] == "train") & (part["metric"] == "loss"), "value"] for part in (curves, lost)]
    near = [loss for part in losses for loss in part if loss < 2 * chance]  # others would flatten the rest
    panel.set_ylim(0.9 * min([chance, *near]), 1.1 * max([chance, *near]))
    panel.set_ylabel("Training loss")
    _finish(panel)
    legend(figure, [panel])
    return svg(figure)


def _line(panel: Axes, curves: pd.DataFrame, name: str, split: str, metric: str, shade: str, **style: str) -> None:
    rows = curves[(curves["cell"] == name) & (curves["split"] == split) & (curves["metric"] == metric)]
    means = rows.groupby("epoch")["value"].mean().dropna()
    if means.empty:
        return
    short = {"marker": "o", "markersize": 3} if len(means) < 8 else {}
    panel.plot(means.index, means, color=shade, linewidth=1.4, label=name, **short, **style)


def _finish(panel: Axes) -> None:
    panel.set_xlabel("Epoch")
    panel.xaxis.get_major_locator().set_params(integer=True)  # type: ignore[call-arg]  # which is an AutoLocator
    panel.tick_params(labelsize=7.5, length=2)
    panel.grid(color=FAINT, linewidth=0.4)
    panel.set_axisbelow(True)
