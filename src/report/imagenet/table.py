"""The table of the ImageNet runs: what :mod:`report.runs.frames` says of each, and the book's row."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from report.imagenet import book
from report.imagenet.protocol import comparable
from report.runs import frames, statistics
from report.runs.load import Cell

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = {
    **frames.COLUMNS,
    "top5_sd": "sample standard deviation of top-5 over seeds",
    "epoch_seconds": "mean wall time of a run, by its epochs: training, validation, checkpoints",
    "chance_loss": "loss of a network that says every class is as likely: the logarithm of their number",
    "book_step_milliseconds": "the book's time of a step",
    "book_epoch_seconds": "the book's time of an epoch",
    "book_wall_seconds": "the book's time of the run, of throughput rows projected",
    "book_top1": "the book's top-1, over all validation images where they were scored",
    "book_top5": "the book's top-5, likewise",
    "gap_top1": "top1_mean minus book_top1; empty where data, network or recipe are not the book's",
    "gap_top5": "the same of top-5",
}


def per_cell(cells: Sequence[Cell], lowered: Path | None) -> pd.DataFrame:
    """One row per cell, in the order given, with the columns of :data:`COLUMNS`."""
    frames.check_rows(cells, book.rows())
    rows = []
    for cell in cells:
        found = frames.row(cell)
        top5 = [run.metric("top5") for run in cell.counted]
        found |= {
            "top5_sd": statistics.sd(top5),
            "epoch_seconds": found["wall_seconds"] / found["epochs"],
            "chance_loss": math.log(cell.first.summary.get("classes")),
        }
        if cell.book_row:
            row = book.rows()[cell.book_row]
            found |= {
                "book_step_milliseconds": row.number("step_ms"),
                "book_epoch_seconds": 60 * row.number("min_per_epoch"),
                "book_wall_seconds": 3600 * row.number("wall_hours"),
                "book_top1": book.accuracy(row, 1),
                "book_top5": book.accuracy(row, 5),
            }
        if comparable(cell):
            found |= {f"gap_{top}": found[f"{top}_mean"] - found[f"book_{top}"] for top in ("top1", "top5")}
        rows.append(found)
    return frames.frame(rows, COLUMNS)


def collapsed(row) -> bool:
    """Whether a run ended no better than chance: its loss within a hundredth of chance's, or above it.

    That on the validation images, whose labels are plain: mixed ones keep the training loss up in a run that learns.
    """
    return row.val_loss >= 0.99 * row.chance_loss
