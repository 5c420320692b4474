"""What all figures are drawn on: one width, one style, and SVG that is the same wherever it is made.

Text is drawn as paths, without pyplot and without a date, so the same numbers give the same bytes.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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


def canvas(height: float) -> Figure:
    """An empty figure as wide as the document's text, in the style of all figures; the height is in inches."""
    import seaborn as sns
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    sns.set_theme(context="paper", style="ticks", rc=STYLE)
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    FigureCanvasSVG(figure)
    return figure


def empty_figure() -> bytes:
    """What stands in the place of a drawing when no run is left to draw."""
    figure = canvas(1.0)
    figure.text(0.5, 0.5, "No run is left to draw: all diverged.", ha="center", va="center", color=GREY)
    return svg(figure)


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
