"""Tables of trained cells: what each reached and cost, its runs, and every metric of every run.

They are what figures and pages are made from, and what a reader opens to check them. Accuracies are in percent, times
as their names say.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from statistics import median
from typing import TYPE_CHECKING, Any

from report.engine import table
from report.engine.errors import ReportError
from report.engine.formats import plain
from report.runs import divergence, statistics
from report.runs.load import METRICS, Cell, Run, metrics

if TYPE_CHECKING:
    import pandas as pd

#: What the reports on ch. 10.3 and 10.5 say of a cell, before the book's side.
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

#: Columns that hold text, wherever they stand: also where a commit is all digits, or no cell has a row in the book.
TEXTS = {"dataset", "cell", "book_row", "description", "semantics", "model", "paper", "precision"}

#: What a table of runs may say of each; a report names the columns of its own.
RUN_COLUMNS = {
    "cell": "name in config/cells",
    "seed": "seed of initial weights, order of images and augmentation",
    "top1": "top-1 accuracy on the validation images",
    "top5": "top-5 accuracy",
    "difference": "top-1 minus that of the bare run with the same seed",
    "val_loss": "cross-entropy on the validation images",
    "train_loss": "mean training loss of the last epoch; not comparable between hard and mixed labels",
    "diverged_epoch": "epoch after which a number of the run was not finite; empty where all were",
    "step_milliseconds": "mean time of a training step, input included, compilation not",
    "images_per_second": "training images per second, likewise",
    "input_images_per_second": "the same of reading alone; empty where it was not measured",
    "step_images_per_second": "the same of training alone, likewise",
    "compile_seconds": "time of the first step, or of every process's first where the run was resumed",
    "programs_compiled": "programs of the first step that were compiled",
    "programs_cached": "programs of the first step that the compilation cache had",
    "resumes": "times the run was continued after an interruption",
    "wall_seconds": "wall time of the run",
    "git_commit": "commit the run was made at",
    "git_dirty": "whether the tree had uncommitted changes",
    "config_hash": "hash of the resolved cell",
}

#: Of those, what most reports show.
RUN_SHOWN = (
    "cell", "seed", "top1", "top5", "val_loss", "train_loss", "diverged_epoch", "step_milliseconds", *RATES,
    "wall_seconds", "git_commit", "git_dirty", "config_hash",
)  # fmt: skip

CURVE_COLUMNS = ("cell", "seed", "epoch", "step", "split", "metric", "value")


def row(cell: Cell) -> dict[str, Any]:
    """The columns of :data:`COLUMNS` for one cell."""
    runs = cell.counted
    top1 = [run.metric("top1") for run in runs]
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
        "top5_mean": statistics.mean([run.metric("top5") for run in runs]),
        **{key: statistics.mean([run.metric(key) for run in runs]) for key in ("train_loss", "val_loss")},
        "wall_seconds": statistics.mean([run.summary.get("timing.wall_seconds") for run in runs]),
        **{key: cell.config.get(key) for key in ("model", "precision", "batch_size")},
        **{key: first.get(key) for key in ("params", "val_images", "epochs")},
        **{key: timing(runs, key) for key in ("step_milliseconds", *RATES)},
    }


def spread(table: pd.DataFrame, n: int) -> str:
    """What stands behind the accuracies of runs with ``n`` seeds, for a caption."""
    if n == 1:
        return "one seed, hence no spread"
    fewer = f", fewer at {divergence.MARK}" if (table["diverged"] > 0).any() else ""
    return f"mean ± sample standard deviation over n = {n} seeds{fewer}"


def accuracy(row: Any, mean: str, sd: float, mark: str = "") -> str:
    """A mean as text with its deviation and marks; a dash and the word where all runs diverged."""
    if not row.n:
        return divergence.ALL
    return mean + (f" ± {plain(sd)}" if row.n > 1 else "") + divergence.mark(row) + mark


def check_rows(cells: Sequence[Cell], known: Iterable[str]) -> None:
    """Raise :class:`ReportError` for a cell that names a row which the book's table does not have."""
    known = list(known)
    for cell in cells:
        if cell.book_row is not None and cell.book_row not in known:
            raise ReportError(
                f"{cell.config.path}: key 'book_row' is {cell.book_row!r}, expected null or one of {'; '.join(known)}"
            )


def timing(runs: Sequence[Run], key: str) -> float:
    """The median over the runs that have the time; NaN where none has."""
    known = [value for run in runs if (value := run.summary.get(f"timing.{key}")) is not None]
    return median(known) if known else math.nan


def frame(rows: Sequence[dict[str, Any]], columns: Iterable[str]) -> pd.DataFrame:
    """A row per cell as a table with these columns."""
    return table.frame(rows, columns, TEXTS)


def per_run(cells: Sequence[Cell], columns: Iterable[str] = RUN_SHOWN) -> pd.DataFrame:
    """One row per run, in the order given, with these columns of :data:`RUN_COLUMNS`."""
    import pandas as pd

    names = [name for name in columns if name != "difference"]
    rows = [{name: _of_run(cell, run, name) for name in names} for cell in cells for run in cell.runs]
    return pd.DataFrame(rows, columns=list(columns)).astype({"diverged_epoch": "Int64"})


def _of_run(cell: Cell, run: Run, column: str) -> Any:
    """What a run says under a column: of its place, of what it reached, or wherever its summary has the key."""
    if column in METRICS:
        return run.metric(column)
    known = {"cell": cell.name, "seed": run.seed, "diverged_epoch": run.diverged and run.diverged["epoch"]}
    if column in known:
        return known[column]
    found = (run.summary.get(f"{part}{column}") for part in ("timing.", "provenance.", ""))
    return next((value for value in found if value is not None), None)


def curves(cells: Sequence[Cell]) -> pd.DataFrame:
    """Every metric of every run, tidy, in the order given, with the columns of :data:`CURVE_COLUMNS`."""
    import pandas as pd

    parts = [metrics(run).assign(cell=cell.name, seed=run.seed) for cell in cells for run in cell.runs]
    return pd.concat(parts, ignore_index=True)[list(CURVE_COLUMNS)]
