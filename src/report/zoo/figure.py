"""What each architecture reached against its size: every seed a point, every mean with its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from report.engine.canvas import FAINT, GREY, OURS, canvas, empty_figure, svg
from report.engine.formats import scaled
from report.engine.labels import name_points
from report.runs.command import Trained
from report.runs.curves import curves_figure
from report.runs.divergence import counted

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

#: Column of the table and what stands below the panel.
PANELS = (("params", "Parameters"), ("macs", "Multiply-adds per image"))
HIDES_MEAN, HIDES_SEED = 60, 25  # what a name pays for covering a point


def figures(trained: Trained) -> tuple[bytes, bytes]:
    """Both figures as SVG."""
    table = trained.table
    return accuracy_figure(table, trained.runs), curves_figure(trained.counted_curves, list(table["cell"]), across=4)


def accuracy_figure(table: pd.DataFrame, runs: pd.DataFrame) -> bytes:
    """Top-1 against parameters and against multiply-adds, as SVG."""
    table, runs = table[table["n"] > 0].reset_index(drop=True), counted(runs)
    if table.empty:
        return empty_figure()
    figure = canvas(3.1)
    figure.set_dpi(72)  # that of SVG, where a pixel is a point
    panels = figure.subplots(1, 2, sharey=True)
    for axes, (column, label) in zip(panels, PANELS, strict=True):
        _panel(axes, table, runs, column)
        axes.set_xlabel(label)
    low, high = runs["top1"].min(), runs["top1"].max()
    span = max(high - low, 1.0)
    panels[0].set_ylim(low - 0.1 * span, high + 0.12 * span)
    panels[0].set_ylabel("Validation top-1 (%)")
    panels[1].tick_params(axis="y", length=0)
    figure.legend(
        *panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=2, frameon=False, fontsize=8.5,
        handletextpad=0.2,
    )  # fmt: skip
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # names are placed in the layout just made
    for axes, (column, _) in zip(panels, PANELS, strict=True):
        named(axes, table, runs, column)
    return svg(figure)


def _panel(axes: Axes, table: pd.DataFrame, runs: pd.DataFrame, column: str) -> None:
    """The points of one panel; the line through the seeds shows which belong together."""
    from matplotlib.ticker import LogLocator, NullFormatter

    several = (table["n"] > 1).any()
    for row in table.itertuples():
        size, seeds = getattr(row, column), runs.loc[runs["cell"] == row.cell, "top1"]
        if several:
            axes.plot([size, size], [seeds.min(), seeds.max()], color=OURS, linewidth=0.6, alpha=0.5, zorder=1)
            axes.scatter(
                [size] * len(seeds), seeds, s=14, facecolors="none", edgecolors=OURS, linewidth=0.7, zorder=2,
                label="single seed" if row.Index == table.index[0] else None,
            )  # fmt: skip
        label = "mean" if several else "single seed"
        axes.scatter(
            size, row.top1_mean, s=26, color=OURS, zorder=3, label=label if row.Index == table.index[0] else None
        )
    axes.set_xscale("log")
    axes.margins(x=0.14)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(lambda value, _: _round(value))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.grid(color=FAINT, linewidth=0.4)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=8, length=2.5, color=GREY)
    axes.tick_params(which="minor", length=0)


def _round(value: float) -> str:
    """A round number of an axis: 500 k, 2 M."""
    digits, prefix = scaled(value)
    return f"{float(digits):g} {prefix}".strip()


def named(axes: Axes, table: pd.DataFrame, runs: pd.DataFrame, column: str) -> list[str]:
    """Name the means; return the cells whose name found a place."""
    sizes = dict(zip(table["cell"], table[column], strict=True))
    points = {row.cell: (sizes[row.cell], row.top1_mean) for row in table.itertuples()}
    weights = dict.fromkeys(points, HIDES_MEAN)
    for row in runs.itertuples():
        points[f"{row.cell} {row.seed}"] = (sizes[row.cell], row.top1)
        weights[f"{row.cell} {row.seed}"] = HIDES_SEED
    pixels = {key: tuple(axes.transData.transform(point)) for key, point in points.items()}
    return name_points(axes, {cell: cell for cell in sizes}, pixels, weights)
