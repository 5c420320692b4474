"""The figure with all seeds beside that over the rates, a row for each setting; and the curves while training."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean
from typing import TYPE_CHECKING

from report.comparison.settings import Setting, rate, value_of
from report.engine.canvas import canvas, empty_figure, svg
from report.engine.formats import number
from report.learned.figure import SHADES, settle

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

#: Dashes by which variants beyond the number of colours differ.
DASHES = ("-", "--", ":", "-.")


#: Settings above which each has a single panel, and smaller ones for the curves.
ROWS = 4


def style(place: int) -> dict:
    """Colour and dashes of the variant at a place."""
    return {"color": SHADES[place % len(SHADES)], "linestyle": DASHES[place // len(SHADES) % len(DASHES)]}


def first(settings: Sequence[Setting]) -> bytes:
    """Left every judged run, right the mean over the rates; a row of panels for each setting."""
    if not any(setting.values(one.name) for setting in settings for one in setting.variants):
        return empty_figure()
    if len(settings) > ROWS:
        return _side_by_side(settings)
    heights = [max(1.9, 0.155 * len(setting.variants) + 0.65) for setting in settings]
    figure = canvas(sum(heights) + 0.2)
    panels = figure.subplots(len(settings), 2, squeeze=False, height_ratios=heights)
    for setting, (left, right) in zip(settings, panels, strict=True):
        judged(left, setting)
        over_rates(right, setting)
        left.set_title(setting.title if len(settings) > 1 else "", fontsize=9, loc="left")
    return svg(figure)


def _side_by_side(settings: Sequence[Setting]) -> bytes:
    """The judged runs alone, two panels across, each row as high as its larger one needs."""
    pairs = [settings[at : at + 2] for at in range(0, len(settings), 2)]
    heights = [max(1.2, 0.17 * max(len(one.variants) for one in pair) + 0.55) for pair in pairs]
    figure = canvas(sum(heights) + 0.2)
    panels = figure.subplots(len(pairs), 2, squeeze=False, height_ratios=heights).ravel()
    for panel, setting in zip(panels, settings, strict=False):
        judged(panel, setting)
        panel.set_title(setting.title, fontsize=9, loc="left")
        panel.tick_params(axis="y", labelsize=7)
    for panel in panels[len(settings) :]:
        panel.set_axis_off()
    return svg(figure)


def judged(panel: Axes, setting: Setting) -> None:
    """A line per variant: an open circle for each seed at its chosen rate, a stroke at the mean, a cross where a run
    diverged.
    """
    names = [one.name for one in setting.variants]
    found = [[*setting.values(name).values()] for name in names]
    for place, values in enumerate(found):
        shade = style(place)["color"]
        panel.plot(
            values, [place] * len(values), "o", fillstyle="none", color=shade, markersize=4.5, markeredgewidth=0.9
        )
        if values:
            panel.plot([fmean(values)] * 2, [place - 0.3, place + 0.3], color=shade, linewidth=1.8)
    known = [value for values in found for value in values]
    for place, values in enumerate(found):
        if known and len(values) < len(setting.seeds):
            worst = min(known) if setting.sign(setting.metric.name) > 0 else max(known)
            panel.plot([worst], [place], "x", color=style(place)["color"], markersize=6)
    panel.set_yticks(range(len(names)), names)
    panel.set_ylim(len(names) - 0.4, -0.6)
    panel.set_xlabel(said(setting))
    panel.margins(x=0.12)
    settle(panel)
    if len(names) > 8:
        panel.tick_params(axis="y", labelsize=7)


def over_rates(panel: Axes, setting: Setting) -> None:
    """The mean over all seeds at every rate where none diverged; the axis leaves out what is far from the best."""
    means: list[float] = []
    for place, variant in enumerate(setting.variants):
        points = []
        for cell in variant.cells:
            values = [value_of(run, setting.metric.name) for run in cell.runs]
            if not any(map(math.isnan, values)):
                points.append((rate(cell), fmean(values)))
        panel.plot(
            *zip(*points, strict=True) if points else ([], []), marker="o", markersize=3, linewidth=1.1, **style(place)
        )
        means += [mean for _, mean in points]
    rates = sorted({rate(cell) for variant in setting.variants for cell in variant.cells})
    if rates[-1] > rates[0] * 3:
        panel.set_xscale("log")
    if len(rates) <= 6:
        panel.set_xticks(rates, [number(value) for value in rates])
        panel.minorticks_off()
    panel.set_xlabel("Peak learning rate")
    panel.set_ylabel(said(setting))
    if means:
        panel.set_ylim(*_near(means, setting.sign(setting.metric.name)))
    settle(panel)


def _near(values: Sequence[float], sign: int) -> tuple[float, float]:
    """Limits that show the better two thirds of the values well."""
    ordered = sorted(values, key=lambda value: -sign * value)
    best, last = ordered[0], ordered[2 * (len(ordered) - 1) // 3]
    span = max(abs(last - best), 1e-3 * max(abs(best), 1e-9))
    return tuple(sorted((best + 0.1 * sign * span, last - 0.3 * sign * span)))


def has_curves(curves: pd.DataFrame) -> bool:
    """Whether a run was validated more than once."""
    validated = curves.loc[curves["split"] == "val", ["setting", "variant", "step"]].drop_duplicates()
    return bool(validated.duplicated(["setting", "variant"]).any())


def during(settings: Sequence[Setting], curves: pd.DataFrame) -> bytes:
    """The figure that is judged over steps, mean over seeds at their chosen rates, a panel for each setting."""
    if curves.empty:
        return empty_figure()
    across = min(2, len(settings)) if len(settings) <= ROWS else 3
    height = 2.3 if len(settings) <= ROWS else 2.0
    figure = canvas(height * -(-len(settings) // across) + 0.5)
    panels = figure.subplots(-(-len(settings) // across), across, squeeze=False).ravel()
    for panel, setting in zip(panels, settings, strict=False):
        own = curves[(curves["setting"] == setting.name) & (curves["split"] == "val")]
        own = own[own["metric"] == setting.metric.name]
        late: list[float] = []
        for place, variant in enumerate(setting.variants):
            mean = own[own["variant"] == variant.name].groupby("step")["value"].mean()
            panel.plot(mean, linewidth=1.2, label=variant.name, **style(place))
            late += list(mean[mean.index >= mean.index.max() / 4]) if len(mean) else []
        if late:
            panel.set_ylim(*_near(late, setting.sign(setting.metric.name)))
        panel.set_title(setting.title if len(settings) > 1 else "", fontsize=9)
        panel.set_xlabel("Step")
        panel.set_ylabel(said(setting))
        settle(panel)
    for panel in panels[len(settings) :]:
        panel.set_axis_off()
    _legend(panels)
    return svg(figure)


def _legend(panels: Sequence[Axes]) -> None:
    labels = [tuple(line.get_label() for line in panel.get_lines()) for panel in panels]
    small = len(panels) > ROWS
    for panel, own in zip(panels, labels, strict=True):
        if own and (panel is panels[0] or not {*own} <= {*labels[0]}):  # settings may have variants of their own
            panel.legend(frameon=False, fontsize=5 if small else 7, ncols=2)


def said(setting: Setting) -> str:
    """The figure that is judged with its unit, as the label of an axis."""
    label = setting.metric.label
    return f"{label[:1].upper()}{label[1:]}" + (f" ({setting.metric.unit})" if setting.metric.unit else "")


__all__ = ["during", "first", "has_curves", "judged", "over_rates", "said", "style"]
