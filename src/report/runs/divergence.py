"""Runs whose numbers left the finite ones: kept out of means, differences and curves, and counted aloud.

``summary.json`` says which runs those are (see :mod:`train.divergence`); the tables have how many of each cell under
``diverged`` beside ``n``, those that count, and per run the epoch under ``diverged_epoch``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from report.engine.formats import NONE, listing, spelled, words

if TYPE_CHECKING:
    import pandas as pd

    from report.runs.load import Cell

#: Stands at a mean that lacks runs; what it means stands below the table.
MARK = "§"

#: What stands in the place of a mean when no run is left.
ALL = f"{NONE} diverged"


def counted(runs: pd.DataFrame) -> pd.DataFrame:
    """The rows of a table of runs that did not diverge."""
    return runs[runs["diverged_epoch"].isna()]


def counted_curves(curves: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """The rows of a table of curves whose run did not diverge."""
    return curves.merge(counted(runs)[["cell", "seed"]], on=["cell", "seed"])


def mark(row: Any) -> str:
    """What follows the mean of a row of a table by cell."""
    return MARK if row.diverged and row.n else ""


def left_out(table: pd.DataFrame) -> str:
    """Which runs were left out, of how many, in a sentence; empty where none was."""
    if not table["diverged"].any():
        return ""
    parts = []
    for row in table[table["diverged"] > 0].itertuples():
        total = row.n + row.diverged
        every = {1: "the only run", 2: "both runs"}.get(total, f"all {words(total, 'run')}")
        share = f"{spelled(row.diverged)} of {words(total, 'run')}" if row.n else every
        parts.append(f"{share} of `{row.cell}`")
    return f"Diverged, and left out of every mean, difference and curve: {listing(parts)}."


def notes(table: pd.DataFrame) -> list[tuple[str, str]]:
    """:func:`left_out` as a footnote."""
    said = left_out(table)
    return [(MARK, said)] if said else []


def missing(table: pd.DataFrame) -> str:
    """The cells that no figure can show, in a sentence that starts with a space; empty where there are none."""
    names = [f"`{name}`" for name in table.loc[table["n"] == 0, "cell"]]
    return f" Not drawn, since no run is left: {listing(names)}." if names else ""


def described(cells: Iterable[Cell]) -> list[str]:
    """Every diverged run with where it happened, as ``mixup seed 1 in epoch 3 of 40 (train loss)``."""
    return [
        f"`{cell.name}` seed {run.seed} after epoch {run.diverged['epoch']} of {run.summary.get('epochs')} "
        f"({run.diverged['metric']})"
        for cell in cells
        for run in cell.diverged
    ]
