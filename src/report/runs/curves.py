"""Validation curves of every cell, in small multiples, and the sentences below them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from report.engine.canvas import BOOK, FAINT, GREY, OURS, SEED, canvas, empty_figure, legend, svg
from report.engine.formats import plain, words
from report.runs import divergence

if TYPE_CHECKING:
    import pandas as pd

#: The book's curves by cell: tables of ``epoch, value``.
Printed = Mapping[str, "pd.DataFrame"]
NOTHING: Printed = MappingProxyType({})


def shown(curves: pd.DataFrame) -> pd.DataFrame:
    """The rows of a table of curves that are drawn."""
    return curves[(curves["split"] == "val") & (curves["metric"] == "top1")]


def printed(table: pd.DataFrame, logged: pd.DataFrame) -> Printed:
    """The curves in ``logged`` (``book_row, epoch, value``) of the cells that name their row."""
    parts = dict(iter(logged.groupby("book_row")))
    rows = zip(table["cell"], table["book_row"], strict=True)
    return {cell: parts[row] for cell, row in rows if row in parts}


def curves_figure(
    curves: pd.DataFrame,
    cells: Sequence[str],
    across: int = 3,
    printed: Printed = NOTHING,
    baseline: str | None = None,
) -> bytes:
    """Validation top-1 against epoch, one panel per cell: single seeds thin, their mean thick, the book's in red.

    At most ``across`` panels stand side by side; the mean of the ``baseline`` is drawn in grey in all others.
    """
    import seaborn as sns

    frame = shown(curves)
    if frame["value"].isna().all():
        return empty_figure()
    columns = min(across, len(cells))
    rows = -(-len(cells) // columns)
    figure = canvas(1.25 * rows + 0.65)
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    means = {name: part.groupby("epoch")["value"].mean() for name, part in frame.groupby("cell")}
    for panel, name in zip(panels, cells, strict=False):
        own = frame[frame["cell"] == name]
        several = len(own["seed"].unique()) > 1
        panel.tick_params(labelsize=7.5, length=2)
        if own.empty:
            panel.set_title(f"{name}  diverged", fontsize=9, pad=3)
            continue
        if baseline in means and name != baseline:
            panel.plot(means[baseline], color=GREY, linewidth=1, alpha=0.75, zorder=1, label=baseline)
        axes = {"data": own, "x": "epoch", "y": "value", "errorbar": None, "color": OURS, "ax": panel}
        if several:
            sns.lineplot(**axes, units="seed", estimator=None, linewidth=0.6, alpha=0.5, zorder=2, label=SEED)
        sns.lineplot(**axes, linewidth=1.5, zorder=3, label="mean" if several else SEED)
        panel.set(xlabel="", ylabel="")
        panel.get_legend().remove()
        if name in printed:
            book = printed[name]
            panel.plot(book["epoch"], book["value"], color=BOOK, linewidth=1, zorder=2, label="book")
        panel.set_title(f"{name}  {plain(means[name].iloc[-1], 1)} %", fontsize=9, pad=3)
        panel.grid(color=FAINT, linewidth=0.4)
        panel.set_axisbelow(True)
    for panel in panels[max(0, len(cells) - columns) : len(cells)]:
        panel.tick_params(labelbottom=True)  # the lowest of its column, though not of the grid
    for panel in panels[len(cells) :]:
        panel.set_axis_off()
    panels[0].set_ylim(*_late_range([frame, *printed.values()]))
    panels[0].xaxis.get_major_locator().set_params(integer=True)
    figure.supxlabel("Epoch", fontsize=9)
    figure.supylabel("Validation top-1 (%)", fontsize=9)
    legend(figure, panels)
    return svg(figure)


def caption(n: int, curves: pd.DataFrame, table: pd.DataFrame, printed: Printed = NOTHING, grey: str = "") -> str:
    """What :func:`curves_figure` shows of cells with ``n`` seeds each, ``grey`` being the name of a baseline."""
    lines = f"Thin: {words(n, 'seed')}; thick: their mean" if n > 1 else "Line: the single seed"
    lines += f"; grey: {grey}" if grey else ""
    lines += "; red: the book, where its log is kept" if printed else ""
    return (
        f"Validation top-1 during training on a common scale, with the final value above each panel. {lines}."
        f"{beyond_axis(curves, printed)}{divergence.missing(table)}"
    )


def beyond_axis(curves: pd.DataFrame, printed: Printed = NOTHING) -> str:
    """What the axis of :func:`curves_figure` leaves out, in a sentence after a space; empty where it shows all."""
    frame = shown(curves)
    frame = frame[frame["value"].notna()]
    if frame.empty:
        return ""
    frames = [frame, *printed.values()]
    low, high = _late_range(frames)
    values = [value for part in frames for value in part["value"]]
    ends = [f"below {plain(low, 1)} %"] * (min(values) < low) + [f"above {plain(high, 1)} %"] * (max(values) > high)
    return f" Values {' and '.join(ends)} lie beyond the axis." if ends else ""


def _late_range(frames: Iterable[pd.DataFrame]) -> tuple[float, float]:
    """Limits that fit the second half of training, where cells differ; from the start they would look all alike."""
    known = [frame[frame["value"].notna()] for frame in frames]
    late = [value for frame in known for value in frame.loc[frame["epoch"] >= frame["epoch"].max() / 2, "value"]]
    low, high = min(late), max(late)
    span = max(high - low, 1.0)
    return low - 0.6 * span, high + 0.1 * span
