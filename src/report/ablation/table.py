"""The tables of the ablation: one row per cell and one per run, differences and gaps in percentage points."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from report.ablation import book
from report.ablation.differences import comparable
from report.runs import frames, statistics
from report.runs.load import Cell

if TYPE_CHECKING:
    import pandas as pd

BASELINE = "bare"

COLUMNS = {
    "dataset": "name in config/datasets",
    "cell": "name in config/cells",
    "book_row": "the same cell in netspec/reference/book_ablation.csv; empty for a cell the book does not have",
    "description": "what the cell adds",
    "semantics": "how the augmentations draw: book or paper",
    "n": "runs that count, at most one per seed",
    "diverged": "runs that are left out because they diverged",
    "top1_mean": "mean top-1 accuracy on the validation images",
    "top1_sd": "sample standard deviation over seeds",
    "top5_mean": "mean top-5 accuracy",
    "pairs": "seeds of which both this run and bare's count",
    "difference": "mean over those of top-1 minus the same seed's bare top-1",
    "difference_sd": "sample standard deviation of that difference",
    "interval_low": "lower end of its paired 95 % interval, Student's t with pairs - 1 degrees of freedom",
    "interval_high": "upper end",
    "p_value": "two-sided paired t test of no difference",
    "p_holm": "the same, adjusted by Holm's method for all cells of the table",
    "book_top1": "the book's printed accuracy, one seed",
    "book_difference": "the book's difference from its printed bare",
    "book_difference_corrected": "the book's difference from bare rerun with corrected initialisation",
    "gap": "difference minus book_difference; empty where data, model or recipe are not the book's",
    "gap_corrected": "difference minus book_difference_corrected, likewise",
    "params": "trainable parameters",
    "epochs": "passes over the training images",
    "train_images": "training images",
    "val_images": "validation images, all of which are scored",
    "wall_seconds": "wall time of all runs of the cell",
}

RUN_COLUMNS = (
    "cell", "seed", "top1", "top5", "difference", "val_loss", "train_loss", "diverged_epoch", "wall_seconds",
    "git_commit", "git_dirty", "config_hash",
)  # fmt: skip


def order(cells: Sequence[Cell]) -> list[Cell]:
    """The book's order, by descending printed accuracy; cells that the book does not have follow, sorted by ours."""
    printed = book.comparable()
    frames.check_rows(cells, printed)

    def key(cell: Cell) -> tuple:
        ours = statistics.mean([run.metric("top1") for run in cell.counted]) if cell.counted else -math.inf
        return (0, -printed[cell.book_row].top1, cell.name) if cell.book_row else (1, -ours, cell.name)

    return sorted(cells, key=key)


def per_cell(cells: Sequence[Cell], lowered: Path | None = None) -> pd.DataFrame:
    """One row per cell, in the order given, with the columns of :data:`COLUMNS`."""
    baseline = _baseline(cells)
    like_the_books = {cell.name for cell in cells if comparable(cell)}
    rows = []
    for cell in cells:
        top1 = {run.seed: run.metric("top1") for run in cell.counted}
        first = cell.first.summary
        row = {
            "dataset": cell.config.get("dataset.name"),
            "cell": cell.name,
            "book_row": cell.book_row,
            "description": cell.description,
            "semantics": cell.config.get("augmentation.semantics"),
            "n": len(top1),
            "diverged": len(cell.diverged),
            "top1_mean": statistics.mean(list(top1.values())),
            "top1_sd": statistics.sd(list(top1.values())),
            "top5_mean": statistics.mean([run.metric("top5") for run in cell.counted]),
            "epochs": cell.first.summary.get("epochs"),
            "wall_seconds": sum(run.summary.get("timing.wall_seconds") for run in cell.runs),
        }
        row |= {key: first.get(key) for key in ("params", "train_images", "val_images")}
        if baseline and cell.name != BASELINE:
            shared = [seed for seed in top1 if seed in baseline]
            pair = statistics.paired([top1[seed] for seed in shared], [baseline[seed] for seed in shared])
            row |= {"pairs": pair.n, "difference": pair.mean, "difference_sd": pair.sd, "p_value": pair.p}
            row |= {"interval_low": pair.low, "interval_high": pair.high}
        if cell.book_row:
            printed = book.comparable()[cell.book_row]
            row["book_top1"] = printed.top1
            # Bare compared with itself is no finding, but against the corrected rerun it tells how far bare has moved.
            row["book_difference"] = math.nan if printed.bare else printed.difference
            row["book_difference_corrected"] = printed.difference_corrected
        rows.append(row)
    frame = frames.frame(rows, COLUMNS)
    frame["pairs"] = frame["pairs"].astype("Int64")
    frame["p_holm"] = statistics.holm(frame["p_value"].tolist())
    # A gap to the book needs both sides of the difference to be the book's experiment.
    close = frame["cell"].isin(like_the_books) & (BASELINE in like_the_books)
    frame["gap"] = (frame["difference"] - frame["book_difference"]).where(close)
    frame["gap_corrected"] = (frame["difference"] - frame["book_difference_corrected"]).where(close)
    return frame


def per_run(cells: Sequence[Cell]) -> pd.DataFrame:
    """One row per run, in the order given, with the columns of :data:`RUN_COLUMNS`."""
    baseline = _baseline(cells)
    frame = frames.per_run(cells, RUN_COLUMNS)
    compared = frame["diverged_epoch"].isna() & (frame["cell"] != BASELINE)
    frame["difference"] = (frame["top1"] - frame["seed"].map(baseline).astype(float)).where(compared)
    return frame


def _baseline(cells: Sequence[Cell]) -> dict[int, float]:
    """Top-1 of the baseline's runs that count by seed; empty without a baseline."""
    return {run.seed: run.metric("top1") for cell in cells if cell.name == BASELINE for run in cell.counted}
