"""How runs differ from the book's experiment: every aspect that both sides state, compared value by value.

Nothing is asserted here that the values do not say. The aspects themselves are each report's own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from report.engine.formats import listing, number
from report.runs.load import Cell


@dataclass(frozen=True)
class Difference:
    """One aspect in which the run is not the book's; ``smaller`` marks less of something that has a ``unit``.

    ``protocol`` marks what makes another experiment of it.
    """

    aspect: str
    ours: str
    book: str
    smaller: bool = False
    unit: str = ""
    protocol: bool = True


def _setting(value: float | None) -> str:
    return "none" if value is None else number(value)


@dataclass(frozen=True)
class Aspect:
    """What is compared, how it is read off a cell and off the book's row, and how a value is written.

    A ``unit`` is given to what has a size, and only to that: less of it makes for a smaller experiment. What is part
    of the ``protocol`` must agree before a figure may be subtracted from the book's.
    """

    name: str
    ours: Callable[[Cell], Any]
    book: Callable[[Any], Any]
    write: Callable[[Any], str] = _setting
    unit: str = ""
    protocol: bool = True

    def agrees(self, cell: Cell, row: Any) -> bool:
        """Whether the two sides have the same value."""
        return self.ours(cell) == self.book(row)


def same_protocol(cell: Cell, row: Any, aspects: Sequence[Aspect]) -> bool:
    """Whether everything agrees that makes it the same experiment."""
    return all(aspect.agrees(cell, row) for aspect in aspects if aspect.protocol)


def another_recipe(cells: Sequence[Cell]) -> tuple[str, str] | None:
    """A box about the cells that are not trained by the book's recipe; ``None`` where there are none."""
    names = listing(f"`{cell.name}`" for cell in cells)
    if not cells:
        return None
    return (
        "Another recipe.",
        f"In {names} data, network or recipe are not those of the book’s figure beside it, as listed at the end; "
        "the two do not compare, and no gap between them is given.",
    )


def compare(pairs: Sequence[tuple[Cell, Any]], aspects: Sequence[Aspect]) -> list[Difference]:
    """The aspects in which cells differ from their rows, with the cells named where only some do."""
    found = []
    for aspect in aspects:
        values = [(cell.name, aspect.ours(cell), aspect.book(row)) for cell, row in pairs]
        differing = [entry for entry in values if entry[1] != entry[2]]
        if differing:
            # Everyone differing in the same way needs no names; where only some do, they are named.
            ours, theirs = ({entry[side] for entry in differing} for side in (1, 2))
            uniform = len(ours) == 1 and len(theirs) == 1
            who = "" if uniform and len(differing) == len(values) else f" ({listing(e[0] for e in differing)})"
            found.append(
                Difference(
                    aspect.name + who,
                    listing(dict.fromkeys(aspect.write(entry[1]) for entry in differing)),
                    listing(dict.fromkeys(aspect.write(entry[2]) for entry in differing)),
                    smaller=bool(aspect.unit) and all(entry[1] < entry[2] for entry in differing),
                    unit=aspect.unit,
                    protocol=aspect.protocol,
                )
            )
    return found
