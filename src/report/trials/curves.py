"""What a trial measured along something: a panel for each curve, a line for each variant, a band over its seeds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from report.comparison.figure import style
from report.engine.canvas import canvas, legend, svg
from report.learned.figure import settle
from report.trials.verdicts import Tried

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def drawn(trial: Tried) -> bytes | None:
    """The figure, ``None`` of a trial without curves."""
    wanted = [
        one for one in trial.about.get("series", ()) if any(one["name"] in r.get("series", {}) for r in _runs(trial))
    ]
    if not wanted:
        return None
    columns = min(2, len(wanted))
    rows = -(-len(wanted) // columns)
    figure = canvas(2.3 * rows + 0.4)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for panel, one in zip(panels, wanted, strict=False):
        _panel(panel, trial, one)
    for panel in panels[len(wanted) :]:
        panel.set_axis_off()
    legend(figure, panels)
    return svg(figure)


def _runs(trial: Tried) -> list:
    return [run for run in trial.about["runs"] if run["judged"]]


def _panel(panel: Axes, trial: Tried, one: dict) -> None:
    at = one["at"]
    for place, name in enumerate(trial.about["variants"]):
        curves = [r["series"][one["name"]] for r in trial.runs(name) if one["name"] in r.get("series", {})]
        points = [(x, [curve[i] for curve in curves if curve[i] is not None]) for i, x in enumerate(at) if curves]
        points = [(x, values) for x, values in points if values]
        if not points:
            continue
        look = style(place)
        across = [x for x, _ in points]
        panel.plot(across, [math.fsum(v) / len(v) for _, v in points], linewidth=1.2, label=name, **look)
        panel.fill_between(across, [min(v) for _, v in points], [max(v) for _, v in points], color=look["color"],
                           alpha=0.12, linewidth=0)  # fmt: skip
    if one["logarithmic"]:
        panel.set_xscale("log")
    panel.set_xlabel(one["along"], fontsize=8)
    panel.set_ylabel(one["label"], fontsize=8)
    settle(panel)
