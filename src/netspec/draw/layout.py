"""Where everything goes: chains run down, splits spread out, taps and skips run along the sides in lanes."""

from __future__ import annotations

from typing import TypeGuard

from netspec.draw.captions import value_lines
from netspec.draw.glyphs import SMALL, TEXT, BoxGlyph, Glyph, PillGlyph, end_glyph, start_glyph, tap_glyph
from netspec.draw.graph import Box, Chain, End, Frame, Link, Node, Split, Tap
from netspec.draw.rails import Colours, Rail, assign_lanes, place_lanes
from netspec.draw.svg import Canvas, text_width
from netspec.layers import Save, Value

EDGE, SHORT, PLAIN, GAP = 30, 17, 22, 34
EDGE_LINE = 13
MAX_LABEL_LINES = 5


def label_lines(value: Value) -> list[str]:
    """The label of an edge: a shape, or one line for each of several."""
    lines = value_lines(value)
    return lines if len(lines) <= MAX_LABEL_LINES else [*lines[: MAX_LABEL_LINES - 1], f"and {len(lines) - 4} more"]


class ChainGlyph(Glyph):
    """Shapes one below the other with edges between them, rails beside them."""

    def __init__(
        self, chain: Chain, colours: Colours, start: Value | None = None, extra: dict[str, Value] | None = None
    ) -> None:
        self.colours, self.extra = colours, extra or {}
        self.arrived = chain.arrived
        offset = int(start is not None)
        links = {node.path: [link for link in chain.links if link.target == node.path] for node in chain.nodes}
        self.nodes: list[Node | None] = [None] * offset + list(chain.nodes)
        self.links: list[list[Link]] = [[]] * offset + [links[node.path] for node in chain.nodes]
        self.glyphs: list[Glyph] = ([start_glyph(start)] if start else []) + [
            make(node, colours, len(links[node.path])) for node in chain.nodes
        ]
        self.values: list[Value] = ([] if start is None else [start]) + [node.leaves for node in chain.nodes]
        self.passes = not self.glyphs or self.glyphs[0].passes
        self.arrow = bool(self.glyphs) and self.glyphs[0].arrow
        self._route()
        self._measure()

    def _route(self) -> None:
        """Sort links into rails left and right, and stubs whose source lies outside this chain."""
        places = {node.path: index for index, node in enumerate(self.nodes) if node}
        self.rails: dict[str, dict[str, Rail]] = {"left": {}, "right": {}}
        self.stubs: list[tuple[int, int, Link]] = []
        for index, links in enumerate(self.links):
            for port, link in enumerate(links):
                known = link.source in places if link.source else link.name in self.extra
                if not known:
                    self.stubs.append((index, port, link))
                    continue
                key = link.source or link.name
                rails = self.rails["right" if link.name == "skip" else "left"]
                start = 0 if link.source is None else places.get(link.source, 0)
                rail = rails.setdefault(key, Rail(link.name, start, []))
                rail.readers.append((index, port))
        for rails in self.rails.values():
            assign_lanes(rails.values())

    def _measure(self) -> None:
        pills = self.extra_pills()
        self.top = 34 * max(0, len(pills) - 1)
        self.height = self.top + sum(glyph.height for glyph in self.glyphs)
        self.height += sum(self._edge(index) for index in range(1, len(self.glyphs)))
        reach = {side: [getattr(glyph, side) for glyph in self.glyphs] for side in ("left", "right")}
        for index, (node, links) in enumerate(zip(self.nodes, self.links, strict=True)):
            for link in links:
                side = "right" if link.name == "skip" else "left"
                label = self.glyphs[index].side + text_width(self._label(index, link), SMALL) + 26
                reach[side][index] = max(reach[side][index], label)
            if _saves(node):
                reach["left"][index] = max(reach["left"][index], text_width(self._saved(node), SMALL) + 20)
            if node is None and pills:
                widest = max(2 * pill.side for pill in pills.values())
                reach["left"][index] = max(reach["left"][index], self.glyphs[index].side + widest + 38)
            if index and self._labelled(index):
                texts = label_lines(self.values[index - 1])
                reach["right"][index] = max(reach["right"][index], *(12 + text_width(t, SMALL) for t in texts))
        self.left, self.right = (place_lanes(self.rails[side].values(), reach[side]) for side in ("left", "right"))
        self.side = self.left

    def extra_pills(self) -> dict[str, PillGlyph]:
        """Pills of the extra inputs that this chain reads itself."""
        return {
            name: PillGlyph(name, value_lines(shape), self.colours[name])
            for name, shape in self.extra.items()
            if name in self.rails["left"]
        }

    def paint(self, canvas: Canvas, x: float, y: float) -> None:
        """Shapes and edges top down, then the rails."""
        if not self.glyphs:
            return
        tops, cursor = [], y + self.top
        pills = self.extra_pills()
        for index, shape in enumerate(self.glyphs):
            if index:
                self._paint_edge(canvas, index, x, cursor)
                cursor += self._edge(index)
            tops.append(cursor)
            shape.paint(canvas, x, cursor)
            cursor += shape.height
        self._paint_rails(canvas, x, y, tops, pills)
        for index, port, link in self.stubs:
            self._paint_stub(canvas, x, tops, index, port, link)

    def _edge(self, index: int) -> float:
        """Length of the edge above the shape at ``index``."""
        node, before = self.nodes[index], self.nodes[index - 1]
        if _saves(node):
            return SHORT + (6 if isinstance(before, Tap) else 0)
        if not self._labelled(index):
            return PLAIN
        return max(EDGE, EDGE_LINE * len(label_lines(self.values[index - 1])) + 14)

    def _labelled(self, index: int) -> bool:
        """Whether the edge above tells its shape: not where the next or the last item does."""
        node = self.nodes[index]
        if isinstance(node, End) or (index == 1 and self.nodes[0] is None):
            return False
        return self.glyphs[index].passes and not _saves(node)

    def _paint_edge(self, canvas: Canvas, index: int, x: float, y: float) -> None:
        shape = self.glyphs[index]
        if not shape.passes:
            return
        length = self._edge(index)
        canvas.line((x, y), (x, y + length), arrow=shape.arrow)
        if self._labelled(index):
            lines = label_lines(self.values[index - 1])
            top = y + (length - EDGE_LINE * len(lines)) / 2 + 8
            for number, text in enumerate(lines):
                canvas.text(x + 9, top + EDGE_LINE * number, text, SMALL, css="small")

    def _port(self, tops: list[float], index: int, port: int) -> float:
        return tops[index] + self.glyphs[index].height * (port + 1) / (len(self.links[index]) + 1)

    def _label(self, index: int, link: Link) -> str:
        node = self.nodes[index]
        if isinstance(node, Tap) and node.fresh:
            return ""
        return " · ".join(f"{link.name} {line}" if line else link.name for line in value_lines(link.shape))

    @staticmethod
    def _saved(node: Tap) -> str:
        return " · ".join(f"{_name(node)} {line}" for line in value_lines(node.leaves)[:2])

    def _paint_rails(self, canvas: Canvas, x: float, y: float, tops: list[float], pills: dict[str, PillGlyph]) -> None:
        for side, sign in (("left", -1), ("right", 1)):
            for key, rail in self.rails[side].items():
                colour = self.colours[rail.name.partition(".")[0] if rail.name not in self.extra else rail.name]
                lane = x + sign * rail.x
                shape = self.glyphs[rail.start]
                begin, origin = x + sign * shape.side, tops[rail.start] + shape.height / 2
                if key in pills:
                    pill, number = pills[key], list(pills).index(key)
                    middle = x - self.glyphs[0].side - 28 - pill.side
                    origin = y + 34 * number + pill.height / 2
                    pill.paint(canvas, middle, origin - pill.height / 2)
                    begin = middle - pill.side
                bottom = max(self._port(tops, *reader) for reader in rail.readers)
                canvas.line((begin, origin), (lane, origin), (lane, bottom), colour=colour)
                for index, port in rail.readers:
                    height = self._port(tops, index, port)
                    dock = x + sign * self.glyphs[index].side
                    canvas.line((lane, height), (dock, height), colour=colour, arrow=True)
                    self._paint_label(canvas, index, port, dock, height, sign, colour)
        for index, node in enumerate(self.nodes):
            if _saves(node):
                label, colour = self._saved(node), self.colours[_name(node)]
                if node.path not in self.rails["left"]:
                    canvas.line((x, tops[index]), (x - text_width(label, SMALL) - 14, tops[index]), colour=colour)
                canvas.text(x - 9, tops[index] - 4, label, SMALL, anchor="end", colour=colour)

    def _paint_label(
        self, canvas: Canvas, index: int, port: int, dock: float, height: float, sign: int, colour: str
    ) -> None:
        label = self._label(index, self.links[index][port])
        if label:
            canvas.text(dock + sign * 11, height - 4, label, SMALL, "start" if sign > 0 else "end", colour=colour)

    def _paint_stub(self, canvas: Canvas, x: float, tops: list[float], index: int, port: int, link: Link) -> None:
        label = self._label(index, link)
        if not label:
            return
        sign = 1 if link.name == "skip" else -1
        colour = self.colours[link.name]
        dock, height = x + sign * self.glyphs[index].side, self._port(tops, index, port)
        far = dock + sign * (text_width(label, SMALL) + 20)
        canvas.line((far, height), (dock, height), colour=colour, arrow=True)
        canvas.dot(far, height, colour)
        self._paint_label(canvas, index, port, dock, height, sign, colour)


class SplitGlyph(Glyph):
    """Chains side by side under a fork, above a join unless each ends in its own output."""

    arrow = False
    FORK, DROP, PILL = 34, 34, 24

    def __init__(self, node: Split, colours: Colours) -> None:
        self.node = node
        self.labels = [label for label, _ in node.parts]
        self.chains = [chain for _, chain in node.parts]
        self.parts = [ChainGlyph(chain, colours) for chain in self.chains]
        self.tall = max(max(part.height for part in self.parts), 0)
        self.ports, reach = [], 0.0
        for label, chain, part in zip(self.labels, self.chains, self.parts, strict=True):
            texts = [text_width(label, TEXT, bold=True)]
            if node.join:
                texts += [text_width(line, SMALL) for line in label_lines(chain.leaves)]
            self.ports.append(reach + part.left)
            reach = self.ports[-1] + max(part.right, 12 + max(texts)) + GAP
        middle = (self.ports[0] + self.ports[-1]) / 2
        self.pill = PillGlyph({"add": "add", "concat": "concat"}.get(node.join, node.join), [])
        self.left, self.right = max(middle, self.pill.side), max(reach - GAP - middle, self.pill.side)
        self.ports = [port - middle for port in self.ports]
        self.side = self.left
        self.drop = max(self.DROP, max(EDGE_LINE * len(label_lines(c.leaves)) + 16 for c in self.chains))
        self.height = self.FORK + self.tall + ((self.drop + 18 + self.PILL) if node.join else 0)

    def paint(self, canvas: Canvas, x: float, y: float) -> None:
        """Fork, chains, join."""
        bar, top = y + 8, y + self.FORK
        entered = [x + port for port, part in zip(self.ports, self.parts, strict=True) if part.passes]
        if entered:
            canvas.line((x, y), (x, bar))
            canvas.line((min(*entered, x), bar), (max(*entered, x), bar))
        for port, label, part in zip(self.ports, self.labels, self.parts, strict=True):
            if part.passes:
                canvas.line((x + port, bar), (x + port, top), arrow=part.arrow)
            if label:
                canvas.text(x + port + 9, top - 9, label, TEXT, css="bold")
            part.paint(canvas, x + port, top)
        if not self.node.join:
            return
        bottom = top + self.tall + self.drop
        for port, chain, part in zip(self.ports, self.chains, self.parts, strict=True):
            canvas.line((x + port, top + part.height), (x + port, bottom))
            for number, text in enumerate(label_lines(chain.leaves)):
                canvas.text(x + port + 9, top + self.tall + 18 + EDGE_LINE * number, text, SMALL, css="small")
        canvas.line((x + min(self.ports), bottom), (x + max(self.ports), bottom))
        canvas.line((x, bottom), (x, bottom + 18), arrow=True)
        self.pill.paint(canvas, x, bottom + 18)


class FrameGlyph(Glyph):
    """A titled frame around a chain that is applied more than once."""

    PAD, HEAD, FOOT = 14, 42, 14

    def __init__(self, node: Frame, colours: Colours) -> None:
        self.title = node.title
        self.body = ChainGlyph(node.body, colours)
        self.left = self.body.left + self.PAD
        self.right = max(self.body.right + self.PAD, text_width(self.title, TEXT, bold=True) + 24 - self.left)
        self.side = self.left
        self.height = self.HEAD + self.body.height + self.FOOT

    def paint(self, canvas: Canvas, x: float, y: float) -> None:
        """Title at the top left, the stream entering below it."""
        canvas.frame(x - self.left, y, self.left + self.right, self.height)
        canvas.text(x - self.left + 12, y + 16, self.title, TEXT, css="bold")
        top = y + self.HEAD
        if self.body.passes:
            canvas.line((x, y + 22), (x, top), arrow=self.body.arrow)
        self.body.paint(canvas, x, top)
        canvas.line((x, top + self.body.height), (x, y + self.height))


def _saves(node: Node | None) -> TypeGuard[Tap]:
    return isinstance(node, Tap) and isinstance(node.row.layer, Save)


def _name(node: Tap) -> str:
    """What a tensor is saved as."""
    assert isinstance(node.row.layer, Save)
    return node.row.layer.name


def make(node: Node, colours: Colours, n_links: int) -> Glyph:
    """The shape of a node."""
    match node:
        case Box():
            return BoxGlyph(node, n_links)
        case Tap():
            return tap_glyph(node, colours[node.row.layer.name] if hasattr(node.row.layer, "name") else "")
        case Split():
            return SplitGlyph(node, colours)
        case Frame():
            return FrameGlyph(node, colours)
        case End():
            return end_glyph(node)
    raise TypeError(node)
