"""The two figures: differences from bare with every seed visible, and validation curves in small multiples.

Both are SVG with text as paths, drawn without pyplot and without a date, so the same numbers give the same bytes.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

from report import book
from report.divergence import counted
from report.formats import plain, signed
from report.table import BASELINE

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 6.69  # inches: the text width of the document, so that type sizes in figure and text agree
OURS, BOOK, GREY, FAINT = "#1f5a94", "#c8502d", "#6b6b6b", "#d9d9d9"  # blue and vermilion survive colour blindness
SEED = "single seed"

STYLE = {
    "font.family": "STIXGeneral",
    "font.size": 9,
    "mathtext.fontset": "stix",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.edgecolor": GREY,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": "black",
    "ytick.labelcolor": "black",
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "svg.fonttype": "path",
    "svg.hashsalt": "netspec-book",
}


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


def curves_figure(
    curves: pd.DataFrame, cells: pd.DataFrame, across: int = 3, logged: pd.DataFrame | None = None
) -> bytes:
    """Validation top-1 against epoch, one panel per cell: single seeds thin, their mean thick, bare's mean in grey.

    ``across`` is how many panels stand side by side at most.

    On the book's own data set its ``logged`` curves, by default those of the ablation, are drawn as well.
    """
    import seaborn as sns

    frame = curves[(curves["split"] == "val") & (curves["metric"] == "top1")]
    names = list(cells["cell"])
    if frame["value"].isna().all():
        return empty_figure()
    columns = min(across, len(names))
    rows = -(-len(names) // columns)
    figure = canvas(1.25 * rows + 0.65)
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    means = {name: part.groupby("epoch")["value"].mean() for name, part in frame.groupby("cell")}
    printed = _printed(cells, logged)
    for panel, name, row in zip(panels, names, cells["book_row"], strict=False):
        own = frame[frame["cell"] == name]
        several = len(own["seed"].unique()) > 1
        panel.tick_params(labelsize=7.5, length=2)
        if own.empty:
            panel.set_title(f"{name}  diverged", fontsize=9, pad=3)
            continue
        if BASELINE in means and name != BASELINE:
            panel.plot(means[BASELINE], color=GREY, linewidth=1, alpha=0.75, zorder=1, label="bare")
        axes = {"data": own, "x": "epoch", "y": "value", "errorbar": None, "color": OURS, "ax": panel}
        if several:
            sns.lineplot(**axes, units="seed", estimator=None, linewidth=0.6, alpha=0.5, zorder=2, label=SEED)
        sns.lineplot(**axes, linewidth=1.5, zorder=3, label="mean" if several else SEED)
        panel.set(xlabel="", ylabel="")
        panel.get_legend().remove()
        if row in printed:
            panel.plot(printed[row]["epoch"], printed[row]["value"], color=BOOK, linewidth=1, zorder=2, label="book")
        panel.set_title(f"{name}  {plain(means[name].iloc[-1], 1)} %", fontsize=9, pad=3)
        panel.grid(color=FAINT, linewidth=0.4)
        panel.set_axisbelow(True)
    for panel in panels[max(0, len(names) - columns) : len(names)]:
        panel.tick_params(labelbottom=True)  # the lowest of its column, though not of the grid
    for panel in panels[len(names) :]:
        panel.set_axis_off()
    panels[0].set_ylim(*_late_range([frame, *printed.values()]))
    panels[0].xaxis.get_major_locator().set_params(integer=True)
    figure.supxlabel("Epoch", fontsize=9)
    figure.supylabel("Validation top-1 (%)", fontsize=9)
    legend(figure, panels)
    return svg(figure)


def _printed(cells: pd.DataFrame, logged: pd.DataFrame | None) -> dict[str, pd.DataFrame]:
    """The book's curves of these cells by their row, on its own data set."""
    if not book.is_dataset(cells["dataset"].iloc[0]):
        return {}
    logged = book.curves() if logged is None else logged
    return {row: part for row, part in logged.groupby("book_row") if row in set(cells["book_row"].dropna())}


def beyond_axis(curves: pd.DataFrame, cells: pd.DataFrame, logged: pd.DataFrame | None = None) -> str:
    """What the axis of :func:`curves_figure` leaves out, in a sentence after a space; empty where it shows all."""
    frame = curves[(curves["split"] == "val") & (curves["metric"] == "top1") & curves["value"].notna()]
    if frame.empty:
        return ""
    frames = [frame, *_printed(cells, logged).values()]
    low, high = _late_range(frames)
    values = [value for part in frames for value in part["value"]]
    ends = [f"below {plain(low, 1)} %"] * (min(values) < low) + [f"above {plain(high, 1)} %"] * (max(values) > high)
    return f" Values {' and '.join(ends)} lie beyond the axis." if ends else ""


def empty_figure() -> bytes:
    """What stands in the place of a drawing when no run is left to draw."""
    figure = canvas(1.0)
    figure.text(0.5, 0.5, "No run is left to draw: all diverged.", ha="center", va="center", color=GREY)
    return svg(figure)


def _late_range(frames: Iterable[pd.DataFrame]) -> tuple[float, float]:
    """Limits that fit the second half of training, where cells differ; from the start they would look all alike."""
    known = [frame[frame["value"].notna()] for frame in frames]
    late = [value for frame in known for value in frame.loc[frame["epoch"] >= frame["epoch"].max() / 2, "value"]]
    low, high = min(late), max(late)
    span = max(high - low, 1.0)
    return low - 0.6 * span, high + 0.1 * span


def canvas(height: float) -> Figure:
    """An empty figure as wide as the document's text, in the style of all figures; the height is in inches."""
    import seaborn as sns
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    sns.set_theme(context="paper", style="ticks", rc=STYLE)
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    FigureCanvasSVG(figure)
    return figure


def legend(figure: Figure, panels: Iterable[Axes]) -> None:
    """One line above everything, one entry per label, though every cell draws its own artists."""
    labels: dict = {}
    for panel in panels:
        for handle, label in zip(*panel.get_legend_handles_labels(), strict=True):
            labels.setdefault(label, handle)
    spacing = {"frameon": False, "fontsize": 8.5, "handletextpad": 0.4, "columnspacing": 1.4}
    figure.legend(labels.values(), labels.keys(), loc="outside upper center", ncols=len(labels), **spacing)


def svg(figure: Figure) -> bytes:
    """The drawing as SVG without a date."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()
