"""Where the names of points go: near their points, over no other name, over as few points as possible."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from report.engine.canvas import GREY

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Point = tuple[float, float]
#: Left, bottom, right, top.
Box = tuple[float, float, float, float]

NEAR = 5  # a name at this distance needs no line to its point
DISTANCES = (NEAR, 9, 13, 18, 24, 31, 39, 48, 58, 69, 81)
_STRAIGHT = ((1, 0), (-1, 0), (0, 1), (0, -1))
_SLANTED = tuple((i * dx, j * dy) for dx, dy in ((0.7, 0.7), (0.9, 0.4), (0.4, 0.9)) for i in (1, -1) for j in (1, -1))

FAR_COSTS = 0.7  # per unit of distance, against the weight of a point that a name hides
BETWEEN_NAMES, AROUND_POINTS, AROUND_LINES, LINE_STEP = 1.5, 3, 1, 3


LABEL_SIZE = 7.5  # points


@dataclass(frozen=True)
class Place:
    """A place for a name: its offset from the point, its box, and which part of it lies before the offset's end."""

    distance: float
    offset: Point
    before: Point
    box: Box
    line: tuple[Box, ...]

    @property
    def covers(self) -> tuple[Box, ...]:
        """The name, and the line that leads to it in steps."""
        return (self.box, *self.line)


def name_points(
    axes: Axes, names: Mapping[str, str], points: Mapping[str, Point], weights: Mapping[str, float]
) -> list[str]:
    """Write the ``names`` of some of the ``points``, which are in pixels of a figure of 72 to the inch.

    ``weights`` is what hiding each point costs. Return the keys of the names that found a place.
    """
    taken, placed = [], []
    for key in sorted(names, key=lambda key: points[key]):
        label = axes.text(0, 0, names[key], fontsize=LABEL_SIZE)
        size = label.get_window_extent().size
        label.remove()
        others = [(point, weights[other]) for other, point in points.items() if other != key]
        found = place(points[key], tuple(size), axes.bbox.extents, others, taken)
        if found is None:
            continue
        taken += found.covers
        placed.append(key)
        across, up = found.before
        line = {"arrowstyle": "-", "color": GREY, "linewidth": 0.5, "shrinkA": 0, "shrinkB": 2.5}
        axes.annotate(
            names[key], points[key], xycoords="figure pixels", xytext=found.offset, textcoords="offset points",
            ha=("left", "center", "right")[round(2 * across)], va=("bottom", "center", "top")[round(2 * up)],
            fontsize=LABEL_SIZE, arrowprops=line if found.line else None, zorder=5,
        )  # fmt: skip
    return placed


def place(
    point: Point, size: Point, frame: Box, points: Sequence[tuple[Point, float]], taken: Sequence[Box]
) -> Place | None:
    """The best place for a name of ``size`` at ``point`` inside ``frame``; ``None`` when there is none.

    ``points`` are the other points, each with what it costs to hide it; ``taken`` is covered by other names.
    """
    best, least = None, float("inf")
    for candidate in _candidates(point, size):
        cost = FAR_COSTS * candidate.distance
        if cost >= least:
            break  # those that follow are no nearer
        box = candidate.box
        if box[0] < frame[0] or box[1] < frame[1] or box[2] > frame[2] or box[3] > frame[3]:
            continue
        if any(overlap(box, other, BETWEEN_NAMES) for other in taken):
            continue
        if any(overlap(step, other, AROUND_LINES) for step in candidate.line for other in taken):
            continue
        cost += sum(weight for (x, y), weight in points if overlap(box, (x, y, x, y), AROUND_POINTS))
        if cost < least:
            best, least = candidate, cost
    return best


def overlap(box: Box, other: Box, gap: float = 0) -> bool:
    """Whether two boxes come nearer to each other than ``gap``."""
    return box[0] - gap < other[2] and other[0] < box[2] + gap and box[1] - gap < other[3] and other[1] < box[3] + gap


def _candidates(point: Point, size: Point) -> Iterator[Place]:
    (x, y), (width, height) = point, size
    for distance in DISTANCES:
        for across, up in _STRAIGHT + _SLANTED:
            dx, dy = distance * across, distance * up
            before = _before(across), _before(up)
            left, bottom = x + dx - before[0] * width, y + dy - before[1] * height
            steps = [(x + dx * i / distance, y + dy * i / distance) for i in range(LINE_STEP, distance, LINE_STEP)]
            line = tuple((*step, *step) for step in steps) if distance > NEAR else ()
            yield Place(distance, (dx, dy), before, (left, bottom, left + width, bottom + height), line)


def _before(direction: float) -> float:
    """A name to the right begins at the offset's end, one to the left ends there, one straight above is centred."""
    return 0.5 if direction == 0 else 0 if direction > 0 else 1
