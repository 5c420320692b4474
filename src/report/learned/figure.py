"""The headline of every cell with its seeds, a task's own drawing beside it, and the curves while it is trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from report.engine.canvas import FAINT, GREY, OURS, SEED, canvas, empty_figure, legend, svg
from report.engine.formats import plain
from report.learned.about import About
from report.runs.load import Cell

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from report.runs.command import Trained

#: Colours of cells, in order; they survive colour blindness.
SHADES = (OURS, "#c8502d", "#2a9d6f", "#8a5fa8", "#b08a1e", "#4f9bd0", "#7a4a2b", GREY)


def figures(about: About, trained: Trained) -> tuple[bytes, bytes]:
    """Both drawings as SVG."""
    if not any(cell.counted for cell in trained.cells):
        return empty_figure(), empty_figure()
    return _first(about, trained.cells), _curves(about, trained)


def _first(about: About, cells: Sequence[Cell]) -> bytes:
    figure = canvas(max(2.2, 0.3 * len(cells) + 0.9) if about.panel is None else max(2.6, 0.3 * len(cells) + 0.9))
    panels = figure.subplots(1, 1 if about.panel is None else 2, squeeze=False)[0]
    _seeds(about, panels[0], cells)
    if about.panel is not None:
        about.panel.draw(panels[1], cells)
        settle(panels[1])
        if panels[1].get_legend_handles_labels()[1]:
            panels[1].legend(frameon=False, fontsize=8)
    return svg(figure)


def _seeds(about: About, panel: Axes, cells: Sequence[Cell]) -> None:
    """A line per cell: an open circle for each seed and a stroke at their mean."""
    for place, (cell, shade) in enumerate(zip(cells, SHADES * len(cells), strict=False)):
        values = [run.metric(about.headline) for run in cell.counted]
        panel.plot(values, [place] * len(values), "o", fillstyle="none", color=shade, markersize=5, markeredgewidth=1)
        if values:
            panel.plot([sum(values) / len(values)] * 2, [place - 0.25, place + 0.25], color=shade, linewidth=2)
    panel.set_yticks(range(len(cells)), [cell.name for cell in cells])
    panel.set_ylim(len(cells) - 0.4, -0.6)
    panel.set_xlabel(about.said(about.headline))
    panel.margins(x=0.15)
    settle(panel)


def settle(panel: Axes) -> None:
    """The style of every panel."""
    panel.tick_params(labelsize=8, length=2)
    panel.grid(color=FAINT, linewidth=0.4)
    panel.set_axisbelow(True)


def _curves(about: About, trained: Trained) -> bytes:
    """The validated figure over steps that is measured while training: the headline, or the loss where it is not."""
    frame = trained.counted_curves
    metric = measured(about, trained)
    frame = frame[(frame["split"] == "val") & (frame["metric"] == metric)]
    columns = min(3, len(trained.cells))
    rows = -(-len(trained.cells) // columns)
    figure = canvas(1.4 * rows + 0.7)
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for panel, cell in zip(panels, trained.cells, strict=False):
        own = frame[frame["cell"] == cell.name]
        for _, run in own.groupby("seed"):
            panel.plot(run["step"], run["value"], color=OURS, linewidth=0.7, alpha=0.5, label=SEED)
        mean = own.groupby("step")["value"].mean()
        panel.plot(mean, color=OURS, linewidth=1.6, label="mean", marker="o", markersize=2)
        last = f"  {plain(mean.iloc[-1], about.places(metric))}" if len(mean) else "  diverged"
        panel.set_title(f"{cell.name}{last}", fontsize=9, pad=3)
        settle(panel)
    for panel in panels[len(trained.cells) :]:
        panel.set_axis_off()
    figure.supxlabel("Step", fontsize=9)
    figure.supylabel(about.said(metric), fontsize=9)
    legend(figure, panels)
    return svg(figure)


def measured(about: About, trained: Trained) -> str:
    """The metric that curves show."""
    frame = trained.curves[trained.curves["split"] == "val"]
    while_training = frame.groupby(["cell", "seed", "metric"])["step"].nunique().groupby("metric").max()
    several = while_training[while_training > 1].index if len(while_training) else ()
    of_some = f"{about.headline}_part"  # the headline of a part of the examples, where it takes long
    return next((name for name in (about.headline, of_some, "loss") if name in several), about.headline)
