"""Accuracy over the swept value, a line for the cells that differ in nothing else; and the validation curves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from report.engine.canvas import FAINT, GREY, OURS, canvas, empty_figure, legend, svg
from report.runs.command import Trained
from report.runs.curves import curves_figure
from report.sweep import points

if TYPE_CHECKING:
    from matplotlib.axes import Axes


#: Lines of the panel, in order; colours that survive colour blindness.
SHADES = (OURS, "#2a9d6f", "#8a5fa8", "#b08a1e", "#4f9bd0", "#7a4a2b", "#d16fa5", GREY)
#: Beyond this ratio of the largest to the smallest value, the axis is logarithmic.
WIDE = 8


def figures(trained: Trained) -> tuple[bytes, bytes]:
    """Both figures as SVG."""
    titles = {
        cell.name: ", ".join([points.of(cell), *map(points.said, points.values(cell).values())])
        for cell in trained.cells
    }
    return swept_figure(trained), curves_figure(trained.counted_curves, list(titles), across=3, titles=titles)


def swept_figure(trained: Trained) -> bytes:
    """Final top-1 against the first swept key: single seeds as open circles, their means joined."""
    lines = {name: [cell for cell in some if cell.counted] for name, some in points.lines(trained.cells).items()}
    if not any(lines.values()):
        return empty_figure()
    figure = canvas(2.6)
    panel = figure.subplots()
    key = next(iter(points.keys(trained.cells)), "")
    found = [next(iter(points.values(cell).values()), cell.name) for some in lines.values() for cell in some]
    place = _axis(panel, list(dict.fromkeys(found)), points.short(key))
    for (name, some), shade in zip(lines.items(), SHADES * len(lines), strict=False):
        at = [place(next(iter(points.values(cell).values()), cell.name)) for cell in some]
        for x, cell in zip(at, some, strict=True):
            seeds = [run.metric("top1") for run in cell.counted]
            style = {"linestyle": "none", "marker": "o", "markersize": 4, "fillstyle": "none"}
            panel.plot([x] * len(seeds), seeds, color=shade, alpha=0.6, markeredgewidth=0.8, **style)
        means = [sum(run.metric("top1") for run in cell.counted) / len(cell.counted) for cell in some]
        panel.plot(at, means, color=shade, linewidth=1.4, marker="o", markersize=3.5, label=name)
    panel.set_ylabel("Validation top-1 (%)")
    panel.tick_params(labelsize=8, length=2)
    panel.grid(color=FAINT, linewidth=0.4)
    panel.set_axisbelow(True)
    if key:
        legend(figure, [panel])
    return svg(figure)


def _axis(panel: Axes, values: Sequence[Any], label: str) -> Any:
    """Have the axis show the values, numbers to scale; return where each lies on it."""
    panel.set_xlabel(label[:1].upper() + label[1:])
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        if min(values) > 0 and max(values) / min(values) >= WIDE:
            panel.set_xscale("log")
        panel.set_xticks(sorted(values), [points.said(value) for value in sorted(values)])
        panel.minorticks_off()
        return float
    panel.set_xticks(range(len(values)), [points.said(value) for value in values])
    return values.index
