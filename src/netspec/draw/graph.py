"""The nodes of a diagram: rows of a spec grouped into chains, splits and frames, with the taps that link them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from netspec.layers import Branches, ForEach, Heads, Load, OnRegions, Pick, Repeat, Residual, Save, Under, Value
from netspec.layers.base import SKIP, Primitive
from netspec.spec import NetSpec
from netspec.walk import Row


@dataclass(frozen=True)
class Link:
    """A saved tensor that a row reads: from the row at ``source``, or from an extra input where that is ``None``."""

    name: str
    shape: Value
    source: str | None
    target: str


@dataclass(eq=False)
class Node:
    """One item of a chain; ``leaves`` is what flows on, ``path`` the place of its row."""

    path: str
    leaves: Value


@dataclass(eq=False)
class Box(Node):
    """A primitive, ``times`` in a row."""

    row: Row
    times: int = 1


@dataclass(eq=False)
class Tap(Node):
    """A saved, loaded or picked tensor; ``fresh`` where the stream that arrives ends here."""

    row: Row
    fresh: bool = False


@dataclass(eq=False)
class Split(Node):
    """Parallel chains with their labels; ``join`` below: ``"concat"``, ``"add"``, ``"several"`` or none."""

    parts: tuple[tuple[str, Chain], ...]
    join: str


@dataclass(eq=False)
class Frame(Node):
    """A chain that is applied more than once."""

    title: str
    body: Chain


@dataclass(eq=False)
class End(Node):
    """Where a tensor leaves the network."""

    label: str


@dataclass(eq=False)
class Chain:
    """Nodes one after another, the value that arrives, and the links that end in them."""

    nodes: list[Node]
    arrived: Value
    links: list[Link] = field(default_factory=list)

    @property
    def leaves(self) -> Value:
        """What leaves the last node."""
        return self.nodes[-1].leaves if self.nodes else self.arrived


def graph(spec: NetSpec) -> Chain:
    """The diagram of ``spec`` as a chain of nodes."""
    return _Grouping(spec).chain(spec.rows, spec.input_shape, end="output")


def links(spec: NetSpec) -> list[Link]:
    """Every reading of a saved tensor, a skip or an extra input, in the order of the walk."""
    saved: dict[str, str | None] = dict.fromkeys(name for name, _ in spec.extra_inputs)
    skips: list[str] = []
    found = []
    for row in spec.flat():
        if row.inside or not isinstance(row.layer, Primitive):
            continue
        for name, shape in zip(row.layer.reads, row.read, strict=True):
            if name == SKIP:
                found.append(Link("skip", shape, skips.pop(), row.path))
            else:
                tap = name if name in saved else name.partition(".")[0]
                found.append(Link(name, shape, saved[tap], row.path))
        kept = row.layer.saves(row.arrived)
        if kept and kept[0] == SKIP:
            skips.append(row.path)
        elif kept:
            saved[kept[0]] = row.path
    return found


class _Grouping:
    """Turns rows into nodes; keeps apart what links connect."""

    def __init__(self, spec: NetSpec) -> None:
        self.links = links(spec)
        self.linked: set[str | None] = {link.target for link in self.links}
        self.linked |= {link.source for link in self.links}

    def chain(self, rows: Sequence[Row], arrived: Value, end: str = "") -> Chain:
        """Rows of one level; ``end`` names the output when nothing follows."""
        nodes: list[Node] = []
        start = 0
        while start < len(rows):
            length, times = self.repetition(rows, start)
            group = rows[start : start + length]
            last_of_all = start + length * times == len(rows)
            inner = [self.node(row, end if last_of_all and row is group[-1] and times == 1 else "") for row in group]
            if times == 1:
                nodes += inner
            elif len(inner) == 1 and isinstance(inner[0], Box):
                inner[0].times = times
                nodes += inner
            else:
                body = self.chain(group, group[0].arrived)
                nodes.append(Frame(group[0].path, group[-1].leaves, _times(times, group), body))
            start += length * times
        if end and not (nodes and _ends_itself(nodes[-1])):
            leaves = nodes[-1].leaves if nodes else arrived
            nodes.append(End("end", leaves, end))
        here = {row.path for row in rows}
        return Chain(nodes, arrived, [link for link in self.links if link.target in here])

    def repetition(self, rows: Sequence[Row], start: int) -> tuple[int, int]:
        """Length of the group of rows at ``start`` and how often it follows itself; (1, 1) where it does not."""
        best = (1, 1)
        for length in range(1, (len(rows) - start) // 2 + 1):
            group = rows[start : start + length]
            if any(row.path in self.linked or isinstance(row.layer, (Save, Load)) for row in group):
                break
            times = 1
            while _same(group, rows[start + times * length : start + (times + 1) * length], self.linked):
                times += 1
            if times > 1 and length * (times - 1) > best[0] * (best[1] - 1):
                best = (length, times)
        return best

    def node(self, row: Row, end: str) -> Node:
        """The node of one row; ``end`` is not empty when nothing of the network follows it."""
        layer, parts = row.layer, _parts(row)
        match layer:
            case Save() | Pick():
                return Tap(row.path, row.leaves, row)
            case Load():
                return Tap(row.path, row.leaves, row, fresh=layer.join == "replace")
            case Residual():
                both = (("", "body"), ("shortcut", "shortcut"))
                chains = tuple((label, self.chain(parts.get(part, ()), row.arrived)) for label, part in both)
                return Split(row.path, row.leaves, chains, "add")
            case Branches():
                rows = (parts.get(f"branch {i}", ()) for i in range(len(layer.branches)))
                return Split(row.path, row.leaves, tuple(("", self.chain(r, row.arrived)) for r in rows), layer.join)
            case Heads():
                chains = tuple(
                    (name, self.chain(parts.get(name, ()), row.arrived, end=name if end else ""))
                    for name, _ in layer.heads
                )
                return Split(row.path, row.leaves, chains, "" if end else "several")
            case ForEach():
                names = tuple(row.arrived)
                body = self.chain(parts.get(names[0], ()), row.arrived[names[0]])
                title = f"the same weights on {', '.join(names)}; shapes of {names[0]}"
                return Frame(row.path, row.leaves, title, body)
            case OnRegions():
                region = (layer.side, layer.side, layer.channels)
                title = f"on each of {layer.n_regions:,} regions (RoIAlign)"
                return Frame(row.path, row.leaves, title, self.chain(parts["region"], region))
            case Under():
                body = self.chain(parts["under"], row.arrived)
                return Frame(row.path, row.leaves, repr(layer.conventions), body)
            case Repeat():
                body = self.chain(parts["copy 0"], row.arrived)
                if len(body.nodes) == 1 and isinstance(body.nodes[0], Box) and body.nodes[0].times == 1:
                    return Box(row.path, row.leaves, body.nodes[0].row, layer.times)
                return Frame(row.path, row.leaves, _times(layer.times, parts["copy 0"]), body)
        return Box(row.path, row.leaves, row)


def _ends_itself(node: Node) -> bool:
    return isinstance(node, Split) and not node.join


def _parts(row: Row) -> dict[str, list[Row]]:
    """Rows inside a combinator by the label of the chain they belong to."""
    parts: dict[str, list[Row]] = {}
    for inner in row.inside:
        label = inner.path.removeprefix(f"{row.path}.").rpartition(".")[0]
        parts.setdefault(label, []).append(inner)
    return parts


def _same(group: Sequence[Row], other: Sequence[Row], linked: set[str | None]) -> bool:
    """Whether ``other`` repeats ``group``: equal layers on equal shapes, and nothing linked."""
    return len(other) == len(group) and all(
        (a.layer, a.arrived, a.leaves) == (b.layer, b.arrived, b.leaves) and b.path not in linked
        for a, b in zip(group, other, strict=True)
    )


def _times(times: int, rows: Sequence[Row]) -> str:
    return f"× {times} · {sum(row.params for row in rows):,} params each"
