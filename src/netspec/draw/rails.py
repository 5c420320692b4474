"""Rails: how saved tensors and skips travel beside a chain without running into each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

LANE = 13


class Colours(dict):
    """A colour per tap, in the order in which they are first asked for; skips have their own."""

    PALETTE = ("#1f7a80", "#b3521f", "#8a2f6b", "#5c6b12", "#2f5fae")
    SKIP = "#a8402c"

    def __missing__(self, name: str) -> str:
        self[name] = self.SKIP if name == "skip" else self.PALETTE[len(self) % len(self.PALETTE)]
        return self[name]


@dataclass
class Rail:
    """One saved tensor on its way: from the item at ``start`` along a lane down to the last of its readers.

    A reader is an item of the chain and which of its side ports is meant. ``lane`` counts outwards, ``x`` is the
    lane's distance from the middle of the chain.
    """

    name: str
    start: int
    readers: list[tuple[int, int]]
    lane: int = 0
    x: float = 0

    @property
    def end(self) -> int:
        """The last item that reads it."""
        return max(item for item, _ in self.readers)


def assign_lanes(rails: Iterable[Rail]) -> None:
    """Give every rail the innermost free lane, short ones first, so that nested rails do not cross."""
    placed: list[Rail] = []
    for rail in sorted(rails, key=lambda rail: (rail.end - rail.start, rail.start)):
        busy = {other.lane for other in placed if other.start <= rail.end and rail.start <= other.end}
        rail.lane = next(lane for lane in range(len(placed) + 1) if lane not in busy)
        placed.append(rail)


def place_lanes(rails: Iterable[Rail], reach: Sequence[float]) -> float:
    """Put the lanes of rails that overlap just beyond the items they pass; returns how far the chain then reaches.

    ``reach`` is how far each item of the chain extends on this side.
    """
    outermost = max(reach, default=4)
    clusters: list[list[Rail]] = []
    for rail in sorted(rails, key=lambda rail: rail.start):
        if clusters and rail.start <= max(other.end for other in clusters[-1]):
            clusters[-1].append(rail)
        else:
            clusters.append([rail])
    for cluster in clusters:
        passed = max(reach[cluster[0].start : max(rail.end for rail in cluster) + 1])
        for rail in cluster:
            rail.x = passed + 10 + LANE * rail.lane
            outermost = max(outermost, rail.x)
    return outermost
