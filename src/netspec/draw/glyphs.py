"""Nodes as shapes: each knows how far it reaches left and right of its port and how tall it is, and paints itself."""

from __future__ import annotations

import abc

from netspec.draw.captions import COLOURS, arguments, kind, repeats, shape_text, value_lines
from netspec.draw.graph import Box, End, Tap
from netspec.draw.svg import INK, STACK, Canvas, text_width, wrap
from netspec.layers import Load, Pick, Save, Value
from netspec.layers.base import Primitive

BOX_WIDTH = 256
TITLE, TEXT, SMALL = 12.5, 11, 10
LINE = 14


class Glyph(abc.ABC):
    """A part of the drawing that hangs on a port: the point on its top edge where the stream enters.

    ``left`` and ``right`` are its reach on either side of the port, ``side`` the half width where side edges dock,
    ``passes`` says that a stream enters from above, ``arrow`` that it ends there in an arrow head.
    """

    left: float
    right: float
    height: float
    side: float
    passes = True
    arrow = True

    @abc.abstractmethod
    def paint(self, canvas: Canvas, x: float, y: float) -> None:
        """Draw with the port at ``(x, y)``."""

    def _symmetric(self, width: float, height: float) -> None:
        self.left = self.right = self.side = width / 2
        self.height = height


class BoxGlyph(Glyph):
    """A primitive: name, how often, parameters, arguments."""

    def __init__(self, node: Box, n_links: int) -> None:
        row = node.row
        self.row = row
        self.inner = repeats(row.layer)
        self.name = type(row.layer).__name__
        if node.times > 1:
            self.badge = f"× {node.times}"
        else:
            self.badge = f"× {self.inner}" if self.inner > 1 else ""
        times = f"{node.times} × " if node.times > 1 else ""
        self.params = f"{times}{row.layer.params():,} params" if row.layer.params() else ""
        words = arguments(row.layer)
        if node.times > 1 and self.inner > 1:
            words = f"{words} · {self.inner} blocks"
        inside = BOX_WIDTH - 20
        self.words = wrap(words, TEXT, inside, " · ") if words else []
        head = text_width(self.name, TITLE, bold=True) + text_width(self.badge, TITLE, bold=True) + 8
        widths = [head, *(text_width(line, TEXT) for line in self.words)]
        room = inside - 12 - text_width(self.params, TEXT)
        #: The first line that leaves room for the parameters, else a line of their own.
        self.params_line = next((number for number, width in enumerate(widths) if width <= room), len(widths))
        self.n_lines = max(len(widths), self.params_line + 1 if self.params else 0)
        self.copies = max(node.times, self.inner)
        self.box_height = max(14 + LINE * self.n_lines, 18 * n_links + 10)
        self._symmetric(BOX_WIDTH, self.box_height + (STACK if self.copies > 1 else 0))

    def paint(self, canvas: Canvas, x: float, y: float) -> None:
        """The box and, centred in it from top to bottom, its lines."""
        assert isinstance(self.row.layer, Primitive)
        fill, stroke = COLOURS[kind(self.row.layer)]
        tip = f"{self.row.path}: {self.row.layer}; {self.row.macs:,} multiply-adds"
        canvas.box(x - self.side, y, BOX_WIDTH, self.box_height, fill, stroke, self.copies, tip)
        left, right = x - self.side + 10, x + self.side - 10
        baseline = y + (self.box_height - LINE * self.n_lines) / 2 + 11
        canvas.text(left, baseline, self.name, TITLE, css="bold")
        if self.badge:
            after = left + text_width(self.name, TITLE, bold=True) + 8
            canvas.text(after, baseline, self.badge, TITLE, css="bold", colour=stroke)
        if self.params:
            canvas.text(right, baseline + LINE * self.params_line, self.params, TEXT, anchor="end")
        for line in self.words:
            baseline += LINE
            canvas.text(left, baseline, line, TEXT, css="small")


class PillGlyph(Glyph):
    """What is no layer: an input, an output, a loaded or joined tensor."""

    def __init__(self, title: str, lines: list[str], colour: str = INK, passes: bool = True) -> None:
        self.title, self.lines, self.colour, self.passes = title, lines, colour, passes
        self.one_line = len(lines) == 1
        widths = [text_width(line, TEXT) for line in lines]
        title_width = text_width(title, TEXT, bold=True)
        width = title_width + widths[0] + 6 if self.one_line else max([title_width, *widths])
        n_lines = 1 if self.one_line else 1 + len(lines)
        self._symmetric(width + 28, 10 + LINE * n_lines)

    def paint(self, canvas: Canvas, x: float, y: float) -> None:
        """Title and, beside or below it, the shapes."""
        canvas.pill(x - self.side, y, 2 * self.side, self.height, self.colour)
        colour = "" if self.colour == INK else self.colour
        baseline = y + 16
        if self.one_line:
            left = x - self.side + 14
            canvas.text(left, baseline, self.title, TEXT, css="bold", colour=colour)
            canvas.text(left + text_width(self.title, TEXT, bold=True) + 6, baseline, self.lines[0], TEXT)
            return
        canvas.text(x, baseline, self.title, TEXT, "middle", "bold", colour)
        for line in self.lines:
            baseline += LINE
            canvas.text(x, baseline, line, TEXT, "middle")


class DotGlyph(Glyph):
    """A point where a tensor is saved."""

    arrow = False

    def __init__(self, colour: str) -> None:
        self.colour = colour
        self._symmetric(0, 0)
        self.left = self.right = 4

    def paint(self, canvas: Canvas, x: float, y: float) -> None:
        """A dot on the stream."""
        canvas.dot(x, y, self.colour)


def end_glyph(node: End) -> PillGlyph:
    """An output of the network."""
    return PillGlyph(node.label, value_lines(node.leaves))


def start_glyph(value: Value) -> PillGlyph:
    """The input of the network."""
    return PillGlyph("input", value_lines(value))


def tap_glyph(node: Tap, colour: str) -> Glyph:
    """A tensor saved, loaded in place of the stream, joined to it, or picked out of several."""
    match node.row.layer:
        case Save():
            return DotGlyph(colour)
        case Load(name, "replace"):
            shape = node.row.leaves
            lines = [shape_text(shape)] if isinstance(shape, tuple) else value_lines(shape)
            return PillGlyph(name, lines, colour, passes=False)
        case Load(_, join):
            return PillGlyph(join, [])
        case Pick(name):
            return PillGlyph("pick", [name])
    raise TypeError(node.row.layer)
