"""What a sweep says: the best value of each line, how far the next one is, and where that claims too much."""

from __future__ import annotations

from collections.abc import Sequence

from report.engine.formats import plain, signed
from report.runs import statistics
from report.runs.load import Cell
from report.sweep import points


def findings(cells: Sequence[Cell]) -> list[str]:
    """A sentence per line of cells, and one on how they were chosen; none where nothing was swept or counts."""
    sentences = [sentence for name, some in points.lines(cells).items() if (sentence := _line(name, some))]
    if not sentences:
        return []
    return [
        *sentences,
        "The best of several values is chosen here on the images that it is scored on, which flatters it; other seeds, "
        "or other images, tell by how much.",
    ]


def _line(name: str, cells: Sequence[Cell]) -> str:
    """The best value of one line and its distance from the next best, paired by seed where both have all seeds."""
    counted = [cell for cell in cells if cell.counted and points.values(cell)]
    if len(counted) < 2:
        return ""
    best, second, *_ = sorted(counted, key=lambda cell: -_mean(cell))
    key = points.short(next(iter(points.values(best))))
    sentence = (
        f"`{name}` reaches most at {key} = {_value(best)} ({plain(_mean(best))} %), "
        f"{signed(_mean(best) - _mean(second))} points from {key} = {_value(second)}"
    )
    seeds = [{run.seed: run.metric("top1") for run in cell.counted} for cell in (best, second)]
    shared = sorted(seeds[0].keys() & seeds[1].keys())
    if len(shared) > 1:
        found = statistics.paired(*([some[seed] for seed in shared] for some in seeds))
        sentence += f" (paired 95 % interval {signed(found.low)} to {signed(found.high)}, n = {found.n})"
    values = [next(iter(points.values(cell).values())) for cell in cells]
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    here = next(iter(points.values(best).values()))
    if len(numbers) == len(values) and here in (min(numbers), max(numbers)):
        sentence += "; that is the end of what was tried, and more may lie beyond"
    return f"{sentence}."


def _mean(cell: Cell) -> float:
    return statistics.mean([run.metric("top1") for run in cell.counted])


def _value(cell: Cell) -> str:
    return points.said(next(iter(points.values(cell).values())))
