"""A drawing surface that writes SVG as text: lines, boxes, labels, and how wide a label will be."""

from __future__ import annotations

from html import escape

#: Any sans-serif of the reader's system; widths are estimated for DejaVu Sans, the widest of the usual ones.
FONT = "Helvetica, Arial, 'DejaVu Sans', sans-serif"
INK, FAINT, PAPER = "#1d2433", "#5b6475", "#ffffff"

#: How far the copies behind a repeated box stand out.
STACK = 6

_STYLE = f"""\
text {{ font-family: {FONT}; fill: {INK}; }}
.small {{ fill: {FAINT}; }}
.bold {{ font-weight: bold; }}
.flow {{ stroke: {INK}; fill: none; stroke-width: 1.3; }}
.frame {{ stroke: #8a93a5; fill: #f6f7f9; stroke-dasharray: 5 3; }}
.pill {{ stroke: {INK}; fill: {PAPER}; stroke-width: 1.1; }}
"""

#: Advance widths in twentieths of an em, rounded up.
_ADVANCES = {
    6: "'IJijl",
    7: " ,./:;\\|·",
    8: "()-[]ft",
    9: "!r",
    10: '"*_`–',
    11: "?csz",
    12: "FLkvxy",
    14: "ABCKRVXZ",
    15: "NU",
    16: "&DGHOQ",
    17: "#+<=>^w~×→",
    18: "M",
    20: "%@Wm…—",
}
_ADVANCE = {character: width / 20 for width, characters in _ADVANCES.items() for character in characters}


def text_width(text: str, size: float, bold: bool = False) -> float:
    """Estimated width of ``text`` in pixels; digits and most other letters are 0.65 em wide, bold ones a ninth more."""
    return sum(_ADVANCE.get(character, 0.65) for character in text) * size * (1.12 if bold else 1.0)


def wrap(text: str, size: float, width: float, separator: str = " ", bold: bool = False) -> list[str]:
    """``text`` in lines no wider than ``width``, broken at ``separator``; longer words are cut short."""
    lines: list[str] = []
    for word in text.split(separator):
        longer = f"{lines[-1]}{separator}{word}" if lines else word
        if lines and text_width(longer, size, bold) <= width:
            lines[-1] = longer
        else:
            lines.append(shorten(word, size, width, bold))
    return lines


def shorten(text: str, size: float, width: float, bold: bool = False) -> str:
    """``text``, or as much of it as fits into ``width`` and an ellipsis."""
    if text_width(text, size, bold) <= width:
        return text
    while text and text_width(f"{text}…", size, bold) > width:
        text = text[:-1]
    return f"{text}…"


class Canvas:
    """Collects shapes; frames lie under lines, lines under boxes, boxes under labels, whatever the order of calls."""

    def __init__(self) -> None:
        self._layers: dict[str, list[str]] = {"frames": [], "lines": [], "boxes": [], "labels": []}

    def line(self, *points: tuple[float, float], colour: str = INK, arrow: bool = False, dashed: bool = False) -> None:
        """A polyline, with an arrow head at its end if asked."""
        path = "M" + " L".join(f"{_n(x)} {_n(y)}" for x, y in points)
        dash = ' stroke-dasharray="4 3"' if dashed else ""
        stroke = "" if colour == INK else f' style="stroke: {colour}"'
        self._layers["lines"].append(f'<path class="flow"{stroke}{dash} d="{path}"/>')
        if arrow:
            (x0, y0), (x, y) = points[-2:]
            self._head(x, y, (x > x0) - (x < x0), (y > y0) - (y < y0), colour)

    def dot(self, x: float, y: float, colour: str = INK) -> None:
        """A point where a line leaves another."""
        self._layers["boxes"].append(f'<circle cx="{_n(x)}" cy="{_n(y)}" r="3.5" fill="{colour}"/>')

    def frame(self, x: float, y: float, width: float, height: float) -> None:
        """A dashed rectangle around a group."""
        self._layers["frames"].append(f'<rect class="frame" {_rect(x, y, width, height)} rx="8"/>')

    def box(
        self, x: float, y: float, width: float, height: float, fill: str, stroke: str, copies: int, tip: str
    ) -> None:
        """A layer; ``copies`` above one are shown as a stack, ``tip`` appears when a reader points at it."""
        place = _rect(x, y, width, height)
        stack = ""
        if copies > 1:
            shifted = ((STACK, STACK), (STACK / 2, STACK / 2))
            paths = (f"M{_n(x + dx)} {_n(y + dy)} h{_n(width)} v{_n(height)} h{_n(-width)} z" for dx, dy in shifted)
            stack = "".join(f'<path d="{path}" fill="{fill}" stroke="{stroke}"/>' for path in paths)
        box = f'<rect class="box" {place} rx="5" fill="{fill}" stroke="{stroke}"/>'
        self._layers["boxes"].append(f"<g><title>{escape(tip)}</title>{stack}{box}</g>")

    def pill(self, x: float, y: float, width: float, height: float, colour: str = INK) -> None:
        """A rounded outline for what is no layer: inputs, outputs, joins."""
        stroke = "" if colour == INK else f' style="stroke: {colour}"'
        self._layers["boxes"].append(
            f'<rect class="pill"{stroke} {_rect(x, y, width, height)} rx="{_n(min(height / 2, 13))}"/>'
        )

    def swatch(self, x: float, y: float, fill: str, stroke: str) -> None:
        """A colour of the legend."""
        self._layers["boxes"].append(f'<rect {_rect(x, y, 10, 10)} rx="2" fill="{fill}" stroke="{stroke}"/>')

    def text(
        self, x: float, y: float, text: str, size: float, anchor: str = "start", css: str = "", colour: str = ""
    ) -> None:
        """``text`` with its baseline at ``y``."""
        attributes = f' text-anchor="{anchor}"' if anchor != "start" else ""
        attributes += f' class="{css}"' if css else ""
        attributes += f' style="fill: {colour}"' if colour else ""
        place = f'x="{_n(x)}" y="{_n(y)}" font-size="{_n(size)}"'
        self._layers["labels"].append(f"<text {place}{attributes}>{escape(text)}</text>")

    def document(self, width: float, height: float, title: str) -> str:
        """The whole file."""
        groups = (["<g>", *items, "</g>"] for items in self._layers.values())
        body = "\n".join(line for group in groups for line in group)
        size = f'width="{_n(width)}" height="{_n(height)}" viewBox="0 0 {_n(width)} {_n(height)}"'
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">\n<title>{escape(title)}</title>\n'
            f'<style>\n{_STYLE}</style>\n<rect width="100%" height="100%" fill="{PAPER}"/>\n{body}\n</svg>\n'
        )

    def _head(self, x: float, y: float, dx: int, dy: int, colour: str) -> None:
        back, side = 7, 3.5
        corners = (
            (x, y),
            (x - back * dx + side * dy, y - back * dy + side * dx),
            (x - back * dx - side * dy, y - back * dy - side * dx),
        )
        points = " ".join(f"{_n(a)},{_n(b)}" for a, b in corners)
        self._layers["lines"].append(f'<polygon points="{points}" fill="{colour}"/>')


def _rect(x: float, y: float, width: float, height: float) -> str:
    return f'x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}"'


def _n(value: float) -> str:
    """A coordinate to a tenth of a pixel, the same on every machine."""
    return f"{value:.1f}".removesuffix(".0")
