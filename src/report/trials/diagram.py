"""How an example is built: boxes of its file, in columns and rows, with arrows between them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from report.engine.canvas import BOOK, GREY, OURS, WIDTH, canvas, svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Inches from row to row, and of a line of text.
ROW, LINE = 0.46, 0.125
#: Part of a column that its box takes.
WIDE = 0.86


def drawn(drawing: Mapping[str, Any]) -> bytes:
    """An SVG file of ``boxes``, each ``{text, at: [column, row], mended}``, and ``arrows``, ``[from, to, label]``.

    What is ``mended`` has a frame of another colour. Rows run down; columns may be fractions.
    """
    boxes = drawing["boxes"]
    across = [box["at"][0] for box in boxes.values()]
    down = [box["at"][1] for box in boxes.values()]
    left, columns = min(across), max(across) - min(across) + 1
    height = (max(down) - min(down)) * ROW + max(_height(box) for box in boxes.values()) + 0.15
    figure = canvas(height)
    panel = figure.subplots()
    panel.set_axis_off()
    width = WIDTH / columns
    panel.set_xlim(0, WIDTH)
    panel.set_ylim(height, 0)
    middle = {
        name: ((box["at"][0] - left + 0.5) * width, (box["at"][1] - min(down)) * ROW + _height(boxes[name]) / 2 + 0.05)
        for name, box in boxes.items()
    }
    for arrow in drawing["arrows"]:
        _arrow(panel, arrow, middle, boxes, width)
    for name, box in boxes.items():
        _box(panel, middle[name], box, width)
    return svg(figure)


def _height(box: Mapping[str, Any]) -> float:
    return 0.12 + LINE * (box["text"].rstrip().count("\n") + 1)


def _box(panel: Axes, middle: tuple[float, float], box: Mapping[str, Any], width: float) -> None:
    from matplotlib.patches import FancyBboxPatch

    x, y = middle
    wide, high = width * WIDE, _height(box)
    edge = BOOK if box.get("mended") else OURS
    panel.add_patch(
        FancyBboxPatch(
            (x - wide / 2, y - high / 2), wide, high,
            boxstyle="round,pad=0,rounding_size=0.05", facecolor="white", edgecolor=edge, linewidth=0.9, zorder=2,
        )
    )  # fmt: skip
    panel.text(x, y, box["text"].rstrip(), ha="center", va="center", fontsize=7, zorder=3, linespacing=1.15)


def _arrow(
    panel: Axes, arrow: list[str], middle: Mapping[str, tuple[float, float]], boxes: Mapping[str, Any], width: float
) -> None:
    """From the side of a box that faces the other: up and down where they stand above each other, else sideways."""
    (x0, y0), (x1, y1) = middle[arrow[0]], middle[arrow[1]]
    high = [_height(boxes[name]) / 2 for name in arrow[:2]]
    if abs(y1 - y0) > high[0] + high[1]:
        sign = 1 if y1 > y0 else -1
        start, end = (x0, y0 + sign * high[0]), (x1, y1 - sign * high[1])
    else:
        sign = 1 if x1 > x0 else -1
        start, end = (x0 + sign * width * WIDE / 2, y0), (x1 - sign * width * WIDE / 2, y1)
    style = {"arrowstyle": "-|>", "color": GREY, "linewidth": 0.8, "shrinkA": 0, "shrinkB": 1, "mutation_scale": 8}
    panel.annotate("", end, start, arrowprops=style, zorder=1)
    if len(arrow) > 2:
        at = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
        frame = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}
        panel.text(*at, arrow[2], ha="center", va="center", fontsize=6.5, color=GREY, bbox=frame, zorder=4)
