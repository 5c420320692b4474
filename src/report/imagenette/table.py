"""The table of the networks: what is said of all trained cells, the lowered training step, and the book's row."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import netspec
from report.engine.errors import ReportError
from report.imagenette import book
from report.imagenette.protocol import comparable
from report.runs import frames
from report.runs.load import Cell

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = {
    **frames.COLUMNS,
    "mlir_characters": "length of the network's training step at batch 32 as StableHLO, as jax lowers it",
    "book_params": "parameters in the book's log",
    "book_mlir_characters": "length of the book's training step in its own MLIR",
    "book_step_milliseconds": "the book's time of a step",
    "book_wall_seconds": "the book's time of the run",
    "book_top1": "the book's accuracy, one run, on the images that fill its batches",
    "book_train_loss": "training loss of the book's last epoch",
    "book_rerun_top1": "the companion repository's run of August 2026, all images",
    "gap": "top1_mean minus book_top1; empty where data, network or recipe are not the book's",
}


def per_cell(cells: Sequence[Cell], lowered: Path | None) -> pd.DataFrame:
    """One row per cell, in the order given, with the columns of :data:`COLUMNS`."""
    frames.check_rows(cells, book.rows())
    rows = []
    for cell in cells:
        found = frames.row(cell) | {"mlir_characters": characters(cell, lowered)}
        if cell.book_row:
            row = book.rows()[cell.book_row]
            found |= {
                "book_params": row.number("params_logged"),
                "book_mlir_characters": row.number("mlir_chars_logged"),
                "book_step_milliseconds": row.number("step_time_printed"),
                "book_wall_seconds": 3600 * row.number("total_time_printed"),
                "book_top1": row.number("val_acc_percent"),
                "book_train_loss": row.number("final_train_loss"),
                "book_rerun_top1": row.number("rerun_2026_08_top1_of_3925"),
            }
            found["gap"] = found["top1_mean"] - found["book_top1"] if comparable(cell) else math.nan
        rows.append(found)
    return frames.frame(rows, COLUMNS)


def characters(cell: Cell, lowered: Path | None) -> float:
    """Length of the lowered training step of a cell's network, which the workflow writes by the network's name."""
    if lowered is None:
        return math.nan
    path = lowered / f"{netspec.find(cell.config.get('model')).slug.lower()}.mlir"
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "no text in UTF-8"
        raise ReportError(f"{path}: cannot be read ({reason}); `snakemake {path}` makes it") from None
    if not text.strip():
        raise ReportError(f"{path}: is empty; delete it, and `snakemake {path}` makes it again")
    return len(text)
