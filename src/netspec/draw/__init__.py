"""Diagrams of specs as SVG, written by string building alone: the same spec gives the same bytes everywhere."""

from __future__ import annotations

from netspec.draw.captions import COLOURS, kind
from netspec.draw.graph import graph
from netspec.draw.layout import ChainGlyph
from netspec.draw.rails import Colours
from netspec.draw.svg import Canvas, text_width, wrap
from netspec.layers import Primitive
from netspec.layers.taps import PLUMBING
from netspec.spec import NetSpec

__all__ = ["draw"]

MARGIN, MIN_WIDTH = 28, 540


def draw(spec: NetSpec) -> str:
    """An SVG diagram of ``spec``.

    Layers run down; skips and taps run along the sides; branches and heads stand side by side; what repeats is drawn
    once and marked ``× n``. Boxes hold arguments and parameters, edges the shapes between them.
    """
    flow = ChainGlyph(graph(spec), Colours(), start=spec.input_shape, extra=dict(spec.extra_inputs))
    width = max(MIN_WIDTH, flow.left + flow.right + 2 * MARGIN)
    canvas = Canvas()
    y = _header(canvas, spec, width)
    middle = (width - flow.left - flow.right) / 2 + flow.left
    flow.paint(canvas, middle, y)
    y = _legend(canvas, spec, width, y + flow.height + 34)
    return canvas.document(width, y, spec.name)


def _header(canvas: Canvas, spec: NetSpec, width: float) -> float:
    """Title, provenance and totals; returns where the diagram begins."""
    y = 40.0
    for line in wrap(spec.name, 19, width - 2 * MARGIN, bold=True):
        canvas.text(MARGIN, y, line, 19, css="bold")
        y += 24
    notes = [
        spec.provenance.paper,
        f"{spec.params:,} parameters · {spec.macs:,} multiply-adds · {spec.n_layers} layers",
    ]
    y -= 2
    for note in filter(None, notes):
        for line in wrap(note, 12, width - 2 * MARGIN, " · "):
            canvas.text(MARGIN, y, line, 12, css="small")
            y += 18
    return y + 12


def _legend(canvas: Canvas, spec: NetSpec, width: float, y: float) -> float:
    """The colours that occur; returns where the drawing ends."""
    used = {kind(r.layer) for r in spec.flat() if isinstance(r.layer, Primitive) and not isinstance(r.layer, PLUMBING)}
    x = float(MARGIN)
    for name in filter(used.__contains__, COLOURS):
        reach = 16 + text_width(name, 10)
        if x + reach > width - MARGIN:
            x, y = float(MARGIN), y + 18
        fill, stroke = COLOURS[name]
        canvas.swatch(x, y - 9, fill, stroke)
        canvas.text(x + 15, y, name, 10, css="small")
        x += reach + 16
    return y + 20
