"""What a set of trained cells reached and cost: the columns that the reports on ch. 10.3 and 10.5 share.

Accuracies are in percent, times as their names say. The curves are written by :func:`report.table.curves`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from report import divergence, statistics, table
from report.errors import ReportError
from report.formats import plain
from report.load import Cell

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = {
    "dataset": "name in config/datasets",
    "cell": "name in config/cells",
    "book_row": "the same run in the book's table; empty for one the book does not have",
    "description": "what the cell is",
    "model": "name in the catalogue",
    "params": "trainable parameters of the network as trained",
    "precision": "type of matrix products",
    "batch_size": "images per step",
    "epochs": "passes over the training images",
    "n": "runs that count, at most one per seed",
    "diverged": "runs that are left out of everything below because they diverged",
    "top1_mean": "mean top-1 accuracy on the validation images",
    "top1_sd": "sample standard deviation over seeds",
    "top5_mean": "mean top-5 accuracy",
    "train_loss": "mean training loss of the last epoch",
    "val_loss": "mean cross-entropy on the validation images",
    "step_milliseconds": "median over runs of the mean time of a training step, input included, compilation not",
    "images_per_second": "median over runs of the training images per second, likewise",
    "input_images_per_second": "the same of reading alone; empty where it was not measured",
    "step_images_per_second": "the same of training alone, on a batch that is there; empty where it was not measured",
    "wall_seconds": "mean wall time of a run",
    "val_images": "validation images, all of which are scored",
}

#: Images per second of a run, of its input side and of its steps, in ``summary.json`` and in the tables.
RATES = ("images_per_second", "input_images_per_second", "step_images_per_second")

RUN_COLUMNS = {
    "cell": "name in config/cells",
    "seed": "seed of initial weights, order of images and augmentation",
    "top1": "top-1 accuracy on the validation images",
    "top5": "top-5 accuracy",
    "val_loss": "cross-entropy on the validation images",
    "train_loss": "mean training loss of the last epoch",
    "diverged_epoch": "epoch after which a number of the run was not finite; empty where all were",
    "step_milliseconds": "mean time of a training step, input included, compilation not",
    "images_per_second": "training images per second, likewise",
    "input_images_per_second": "the same of reading alone; empty where it was not measured",
    "step_images_per_second": "the same of training alone, likewise",
    "wall_seconds": "wall time of the run",
    "git_commit": "commit the run was made at",
    "git_dirty": "whether the tree had uncommitted changes",
    "config_hash": "hash of the resolved cell",
}


def record(cell: Cell) -> dict:
    """The columns of :data:`COLUMNS` for one cell."""
    runs = cell.counted
    top1 = [run.top1 for run in runs]
    first = cell.first.summary
    return {
        "dataset": cell.config.get("dataset.name"),
        "cell": cell.name,
        "book_row": cell.book_row,
        "description": cell.description,
        "n": len(top1),
        "diverged": len(cell.diverged),
        "top1_mean": statistics.mean(top1),
        "top1_sd": statistics.sd(top1),
        "top5_mean": statistics.mean([run.summary.get("top5") for run in runs]),
        "train_loss": statistics.mean([run.summary.get("train_loss", math.nan) for run in runs]),
        "val_loss": statistics.mean([run.summary.get("val_loss", math.nan) for run in runs]),
        "wall_seconds": statistics.mean([run.summary.get("timing.wall_seconds") for run in runs]),
        **{key: cell.config.get(key) for key in ("model", "precision", "batch_size", "epochs")},
        **{key: first.get(key) for key in ("params", "val_images")},
        **{key: _median(run.summary.get(f"timing.{key}") for run in runs) for key in ("step_milliseconds", *RATES)},
    }


def spread(table: pd.DataFrame, n: int) -> str:
    """What stands behind the accuracies of runs with ``n`` seeds, for a caption."""
    if n == 1:
        return "one seed, hence no spread"
    fewer = f", fewer at {divergence.MARK}" if (table["diverged"] > 0).any() else ""
    return f"mean ± sample standard deviation over n = {n} seeds{fewer}"


def accuracy(row, mean: str, sd: float, mark: str = "") -> str:
    """A mean as text with its deviation and marks; a dash and the word where all runs diverged."""
    if not row.n:
        return divergence.ALL
    return mean + (f" ± {plain(sd)}" if row.n > 1 else "") + divergence.mark(row) + mark


def frame(records: Sequence[dict], columns: Iterable[str]) -> pd.DataFrame:
    """The records as a table with these columns, numbers as numbers even where all are missing."""
    import pandas as pd

    found = pd.DataFrame(records, columns=list(columns))
    numeric = [name for name in found if name not in (*table.TEXT_COLUMNS, "model", "precision")]
    found[numeric] = found[numeric].apply(pd.to_numeric)
    return found


def per_run(cells: Sequence[Cell]) -> pd.DataFrame:
    """One row per run, in the order given, with the columns of :data:`RUN_COLUMNS`."""
    import pandas as pd

    timed = ("step_milliseconds", *RATES, "wall_seconds")
    sections = dict.fromkeys(timed, "timing.") | dict.fromkeys(("git_commit", "git_dirty"), "provenance.")
    records = [
        {"cell": cell.name, "seed": run.seed}
        | {key: run.summary.get(sections.get(key, "") + key) for key in list(RUN_COLUMNS)[2:]}
        | {"diverged_epoch": run.diverged and run.diverged["epoch"]}
        for cell in cells
        for run in cell.runs
    ]
    return pd.DataFrame(records, columns=list(RUN_COLUMNS)).astype({"diverged_epoch": "Int64"})


def check_rows(cells: Sequence[Cell], known: Iterable[str]) -> None:
    """Raise :class:`ReportError` for a cell that names a row which the book's table does not have."""
    known = list(known)
    for cell in cells:
        if cell.book_row is not None and cell.book_row not in known:
            raise ReportError(
                f"{cell.config.path}: key 'book_row' is {cell.book_row!r}, expected null or one of {'; '.join(known)}"
            )


def read(path: Path, columns: Iterable[str], writer: str) -> pd.DataFrame:
    """A table that :func:`report.table.encode` wrote, checked to be the one wanted."""
    return table.read(path, list(columns), writer)


def _median(values: Iterable[float | None]) -> float:
    known = [value for value in values if value is not None]
    return median(known) if known else math.nan
