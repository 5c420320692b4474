"""The points of a sweep: which settings were given values, and which cells are the same but for the first of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from report.runs.load import Cell


def of(cell: Cell) -> str:
    """The cell that this one is a point of, or itself."""
    return cell.config.get("swept.cell", cell.name)


def values(cell: Cell) -> dict[str, Any]:
    """What the sweep gave to which key of the cell, in the order of the sweep; empty where nothing was swept."""
    swept = cell.config.values.get("swept") or {}
    return {key: value for key, value in swept.items() if key != "cell"}


def keys(cells: Sequence[Cell]) -> list[str]:
    """Every key that a cell was given a value for."""
    return list(dict.fromkeys(key for cell in cells for key in values(cell)))


def lines(cells: Sequence[Cell]) -> dict[str, list[Cell]]:
    """The cells that differ in the first key alone, under a name that says in what else they are alike."""
    found: dict[str, list[Cell]] = {}
    for cell in cells:
        _, *others = [*values(cell).items()] or [("", "")]
        rest = ", ".join(f"{short(key)} = {said(value)}" for key, value in others)
        found.setdefault(", ".join(filter(None, [of(cell), rest])), []).append(cell)
    return {name: sorted(some, key=_order) for name, some in found.items()}


def _order(cell: Cell) -> tuple[bool, float]:
    """Numbers by size, anything else as it stands in the sweep."""
    value = next(iter(values(cell).values()), None)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return (not number, float(value) if number else 0.0)


def short(key: str) -> str:
    """The last part of a key, which is what people call it."""
    return key.rpartition(".")[2].replace("_", " ")


def said(value: Any) -> str:
    """A value as people write it."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "none"}[value]
    return f"{value:g}" if isinstance(value, int | float) else str(value)
