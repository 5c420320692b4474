"""The three tables of the ablation: one row per cell, one per run, one per measured value.

They are what the figures and the document are made from, and what a reader opens to check them. Accuracies are in
percent, differences and gaps in percentage points.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from report import book, comparison, statistics
from report.errors import ReportError
from report.load import Cell, check_numbers, metrics, read_csv

if TYPE_CHECKING:
    import pandas as pd

BASELINE = "bare"

CELL_COLUMNS = {
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

RUN_COLUMNS = {
    "cell": "name in config/cells",
    "seed": "seed of initial weights, order of images and augmentation",
    "top1": "top-1 accuracy on the validation images",
    "top5": "top-5 accuracy",
    "difference": "top-1 minus that of the bare run with the same seed",
    "val_loss": "cross-entropy on the validation images",
    "train_loss": "mean training loss of the last epoch; not comparable between hard and mixed labels",
    "diverged_epoch": "epoch after which a number of the run was not finite; empty where all were",
    "wall_seconds": "wall time of the run",
    "git_commit": "commit the run was made at",
    "git_dirty": "whether the tree had uncommitted changes",
    "config_hash": "hash of the resolved cell",
}

# Read and written as text, even where a commit is all digits, a description is NA or no cell has a row in the book.
TEXT_COLUMNS = ("dataset", "cell", "book_row", "description", "semantics", "git_commit", "config_hash")
# Of the other reports' tables and of the curves, likewise; every other column holds numbers.
OTHER_TEXT_COLUMNS = ("model", "paper", "precision", "split", "metric", "git_dirty")

# Whole numbers that may be missing.
INTEGER_COLUMNS = ("pairs", "diverged_epoch")

CURVE_COLUMNS = ("cell", "seed", "epoch", "step", "split", "metric", "value")


def order(cells: Sequence[Cell]) -> list[Cell]:
    """The book's order, by descending printed accuracy; cells that the book does not have follow, sorted by ours."""
    printed = book.comparable()
    for cell in cells:
        if cell.book_row is not None and cell.book_row not in printed:
            known = ", ".join(printed)
            raise ReportError(
                f"{cell.config.path}: key 'book_row' is {cell.book_row!r}, expected null or one of {known}"
            )

    def key(cell: Cell) -> tuple:
        ours = statistics.mean([run.top1 for run in cell.counted]) if cell.counted else -math.inf
        return (0, -printed[cell.book_row].top1, cell.name) if cell.book_row else (1, -ours, cell.name)

    return sorted(cells, key=key)


def per_cell(cells: Sequence[Cell]) -> pd.DataFrame:
    """One row per cell, in the book's order, with the columns of :data:`CELL_COLUMNS`."""
    import pandas as pd

    cells = order(cells)
    baseline = _baseline(cells)
    like_the_books = {cell.name for cell in cells if comparison.comparable(cell)}
    records = []
    for cell in cells:
        top1 = {run.seed: run.top1 for run in cell.counted}
        first = cell.first.summary
        record = {
            "dataset": cell.config.get("dataset.name"),
            "cell": cell.name,
            "book_row": cell.book_row,
            "description": cell.description,
            "semantics": cell.config.get("augmentation.semantics"),
            "n": len(top1),
            "diverged": len(cell.diverged),
            "top1_mean": statistics.mean(list(top1.values())),
            "top1_sd": statistics.sd(list(top1.values())),
            "top5_mean": statistics.mean([run.summary.get("top5") for run in cell.counted]),
            "epochs": cell.config.get("epochs"),
            "wall_seconds": sum(run.summary.get("timing.wall_seconds") for run in cell.runs),
        }
        record |= {key: first.get(key) for key in ("params", "train_images", "val_images")}
        if baseline and cell.name != BASELINE:
            shared = [seed for seed in top1 if seed in baseline]
            pair = statistics.paired([top1[seed] for seed in shared], [baseline[seed] for seed in shared])
            record |= {"pairs": pair.n, "difference": pair.mean, "difference_sd": pair.sd, "p_value": pair.p}
            record |= {"interval_low": pair.low, "interval_high": pair.high}
        if cell.book_row:
            row = book.comparable()[cell.book_row]
            record["book_top1"] = row.top1
            # Bare compared with itself is no finding, but against the corrected rerun it tells how far bare has moved.
            record["book_difference"] = math.nan if row.bare else row.difference
            record["book_difference_corrected"] = row.difference_corrected
        records.append(record)
    frame = pd.DataFrame(records, columns=list(CELL_COLUMNS))
    numeric = [name for name in CELL_COLUMNS if name not in TEXT_COLUMNS]
    frame[numeric] = frame[numeric].apply(pd.to_numeric)
    frame["pairs"] = frame["pairs"].astype("Int64")
    frame["p_holm"] = statistics.holm(frame["p_value"].tolist())
    # A gap to the book needs both sides of the difference to be the book's experiment.
    close = frame["cell"].isin(like_the_books) & (BASELINE in like_the_books)
    frame["gap"] = (frame["difference"] - frame["book_difference"]).where(close)
    frame["gap_corrected"] = (frame["difference"] - frame["book_difference_corrected"]).where(close)
    return frame


def per_run(cells: Sequence[Cell]) -> pd.DataFrame:
    """One row per run, cells in the book's order, with the columns of :data:`RUN_COLUMNS`."""
    import pandas as pd

    baseline = _baseline(cells)
    records = []
    for cell in order(cells):
        for run in cell.runs:
            paired = not run.diverged and run.seed in baseline and cell.name != BASELINE
            record = {
                "cell": cell.name,
                "seed": run.seed,
                "difference": run.top1 - baseline[run.seed] if paired else math.nan,
                "diverged_epoch": run.diverged and run.diverged["epoch"],
                "wall_seconds": run.summary.get("timing.wall_seconds"),
                "git_commit": run.summary.get("provenance.git_commit"),
                "git_dirty": run.summary.get("provenance.git_dirty"),
            }
            record |= {key: run.summary.get(key) for key in ("top1", "top5", "val_loss", "train_loss", "config_hash")}
            records.append(record)
    return pd.DataFrame(records, columns=list(RUN_COLUMNS)).astype({"diverged_epoch": "Int64"})


def curves(cells: Sequence[Cell]) -> pd.DataFrame:
    """Every metric of every run, tidy, in the order given, with the columns of :data:`CURVE_COLUMNS`."""
    import pandas as pd

    parts = [metrics(run).assign(cell=cell.name, seed=run.seed) for cell in cells for run in cell.runs]
    return pd.concat(parts, ignore_index=True)[list(CURVE_COLUMNS)]


def encode(frame: pd.DataFrame) -> bytes:
    """The table as CSV; ten decimals drop the last binary digit's noise and nothing else."""
    return frame.round(10).to_csv(index=False, lineterminator="\n").encode()


def read(path: Path, columns: Sequence[str], writer: str = "report") -> pd.DataFrame:
    """A table that :func:`encode` wrote for ``python -m WRITER table``, checked to be the one wanted.

    Raises:
        ReportError: if the file is missing, empty, has other columns or words where numbers belong.
    """
    texts = (*TEXT_COLUMNS, *OTHER_TEXT_COLUMNS)
    frame = read_csv(path, texts, f"`python -m {writer} table` writes it")
    if list(frame.columns) != list(columns) or frame.empty:
        raise ReportError(f"{path}: expected at least one row and the columns {','.join(columns)}")
    check_numbers(frame, path, (name for name in columns if name not in texts))
    return frame.astype({name: "Int64" for name in INTEGER_COLUMNS if name in frame})


def _baseline(cells: Sequence[Cell]) -> dict[int, float]:
    """Top-1 of the baseline's runs that count by seed; empty without a baseline."""
    return {run.seed: run.top1 for cell in cells if cell.name == BASELINE for run in cell.counted}
