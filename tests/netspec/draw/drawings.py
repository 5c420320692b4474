"""Read a drawing back: its boxes, frames and labels as rectangles."""

import xml.etree.ElementTree as ET
from dataclasses import dataclass
from itertools import pairwise

from netspec.draw.svg import text_width

SVG = "{http://www.w3.org/2000/svg}"


@dataclass(frozen=True)
class Area:
    left: float
    top: float
    right: float
    bottom: float
    label: str = ""

    def overlaps(self, other):
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        return across > 0.2 and down > 0.2

    def contains(self, other):
        return (
            self.left <= other.left + 0.2
            and self.top <= other.top + 0.2
            and self.right >= other.right - 0.2
            and self.bottom >= other.bottom - 0.2
        )


@dataclass(frozen=True)
class Drawing:
    page: Area
    boxes: list[Area]  # layers, inputs, outputs, joins
    frames: list[Area]
    labels: list[Area]
    lines: list[Area]  # straight pieces, half a pixel thick

    @property
    def text(self):
        return " ".join(label.label for label in self.labels)


def read(svg):
    root = ET.fromstring(svg)
    rectangles = {name: [] for name in ("box", "pill", "frame")}
    for rect in root.iter(f"{SVG}rect"):
        if rect.get("class") in rectangles:
            x, y, width, height = (float(rect.get(key)) for key in ("x", "y", "width", "height"))
            rectangles[rect.get("class")].append(Area(x, y, x + width, y + height))
    labels = [_label(text) for text in root.iter(f"{SVG}text")]
    page = Area(0, 0, float(root.get("width")), float(root.get("height")))
    lines = [piece for path in root.iter(f"{SVG}path") if path.get("class") == "flow" for piece in _pieces(path)]
    return Drawing(page, rectangles["box"] + rectangles["pill"], rectangles["frame"], labels, lines)


def _pieces(path):
    points = [tuple(map(float, point.split())) for point in path.get("d")[1:].split(" L")]
    for (x0, y0), (x1, y1) in pairwise(points):
        yield Area(min(x0, x1) - 0.25, min(y0, y1) - 0.25, max(x0, x1) + 0.25, max(y0, y1) + 0.25)


def _label(text):
    size, x, y = (float(text.get(key)) for key in ("font-size", "x", "y"))
    width = text_width(text.text, size, "bold" in text.get("class", ""))
    left = x - width * {"start": 0, "middle": 0.5, "end": 1}[text.get("text-anchor", "start")]
    return Area(left, y - 0.75 * size, left + width, y + 0.2 * size, text.text)
