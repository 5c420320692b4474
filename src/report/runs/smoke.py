"""Smoke runs: recipes whose ``purpose`` says that they only show that everything works."""

from __future__ import annotations

from collections.abc import Sequence

from report.engine.formats import listing, words
from report.runs.load import Cell


def is_smoke(cell: Cell) -> bool:
    """Whether the cell's recipe declares itself no experiment."""
    return cell.config.get("purpose", "experiment") == "smoke"


def banner(cells: Sequence[Cell]) -> tuple[str, str] | None:
    """Label and text that such a report opens with; it draws no conclusions. ``None`` where no cell is one."""
    smoke = [cell for cell in cells if is_smoke(cell)]
    if not smoke:
        return None
    recipes = listing(f"`{name}`" for name in dict.fromkeys(cell.config.get("recipe", "smoke") for cell in smoke))
    epochs = sorted({cell.first.summary.get("epochs") for cell in smoke})
    length = words(epochs[0], "epoch") if len(epochs) == 1 else f"{epochs[0]} to {epochs[-1]} epochs"
    which = "" if len(smoke) == len(cells) else f" by {listing(f'`{cell.name}`' for cell in smoke)}"
    return (
        "Smoke run: not an experiment.",
        f"Recipe {recipes}, used{which or ' by every cell'}, trains for {length}, to see every part work. The figures "
        "on this page say nothing about networks, augmentations or the book, and no conclusions are drawn from them.",
    )


def opening(banner: tuple[str, str] | None, notice: tuple[str, str] | None) -> tuple[str, str] | None:
    """One box from the banner and what else a reader must know first."""
    if banner is None or notice is None:
        return banner or notice
    return banner[0], f"{banner[1]} {notice[1]}"
