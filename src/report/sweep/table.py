"""The table of a sweep: a row per point, with the values that make it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from report.engine import table
from report.runs import frames
from report.runs.load import Cell
from report.sweep import points

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = {
    "of": "the cell that was changed",
    "line": "what this point has in common with those that differ in the first key alone",
    **{name: meaning for name, meaning in frames.COLUMNS.items() if name != "book_row"},
}


def per_point(cells: Sequence[Cell], lowered: Path | None = None) -> pd.DataFrame:
    """One row per cell, line by line and by value, with :data:`COLUMNS` and after them a column per key, as JSON."""
    keys = points.keys(cells)
    rows = [
        frames.row(cell)
        | {"of": points.of(cell), "line": line}
        | {key: json.dumps(value) for key, value in points.values(cell).items()}
        for line, some in points.lines(cells).items()
        for cell in some
    ]
    return table.frame(rows, [*COLUMNS, *keys], {*frames.TEXTS, "of", "line", *keys})


def in_order(cells: Sequence[Cell]) -> list[Cell]:
    """The cells as the table has them."""
    return [cell for some in points.lines(cells).values() for cell in some]
