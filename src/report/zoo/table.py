"""The tables of the comparison of architectures: one row per architecture, one per run.

Accuracies are in percent. The curves are written by :func:`report.table.curves`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median
from typing import TYPE_CHECKING

import netspec
from report import statistics
from report.errors import ReportError
from report.load import Cell, Run

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = {
    "dataset": "name in config/datasets",
    "cell": "name in config/cells",
    "model": "name in the catalogue",
    "paper": "where the architecture was published",
    "params": "trainable parameters of the network as trained",
    "macs": "multiply-adds per image",
    "n": "runs that count, at most one per seed",
    "diverged": "runs that are left out of accuracies and times because they diverged",
    "top1_mean": "mean top-1 accuracy on the validation images",
    "top1_sd": "sample standard deviation over seeds",
    "interval_low": "lower end of the mean's 95 % interval, Student's t with n - 1 degrees of freedom",
    "interval_high": "upper end",
    "step_milliseconds": "median over runs of the mean time of a training step, input included, compilation not",
    "images_per_second": "median over runs of the training images per second, likewise",
    "compiling_runs": "runs whose first step compiled its program instead of finding it in the compilation cache",
    "compile_seconds": "median of the first step's time over those runs: tracing, compilation, one execution",
    "cached_seconds": "the same over the runs that found everything in the cache",
    "wall_seconds": "wall time of all runs of the architecture",
    "val_images": "validation images, all of which are scored",
}

RUN_COLUMNS = {
    "cell": "name in config/cells",
    "seed": "seed of initial weights, order of images and augmentation",
    "top1": "top-1 accuracy on the validation images",
    "val_loss": "cross-entropy on the validation images",
    "diverged_epoch": "epoch after which a number of the run was not finite; empty where all were",
    "step_milliseconds": "mean time of a training step, input included, compilation not",
    "compile_seconds": "time of the first step, or of every process's first where the run was resumed",
    "programs_compiled": "programs of the first step that were compiled",
    "programs_cached": "programs of the first step that the compilation cache had",
    "resumes": "times the run was continued after an interruption",
    "wall_seconds": "wall time of the run",
    "git_commit": "commit the run was made at",
    "git_dirty": "whether the tree had uncommitted changes",
    "config_hash": "hash of the resolved cell",
}


def per_architecture(cells: Sequence[Cell]) -> pd.DataFrame:
    """One row per cell, in the order given, with the columns of :data:`COLUMNS`."""
    import pandas as pd

    records = []
    for cell in cells:
        top1 = [run.top1 for run in cell.counted]
        spread = statistics.interval(top1)
        first = cell.first.summary
        compiling, cached = _by_cache(cell.counted)
        records.append(
            {
                "dataset": cell.config.get("dataset.name"),
                "cell": cell.name,
                "model": cell.config.get("model"),
                "paper": _paper(cell),
                "params": first.get("params"),
                "macs": first.require("macs", int),
                "n": len(top1),
                "diverged": len(cell.diverged),
                "top1_mean": statistics.mean(top1),
                "top1_sd": spread.sd,
                "interval_low": spread.low,
                "interval_high": spread.high,
                "step_milliseconds": _median(cell.counted, "step_milliseconds"),
                "images_per_second": _median(cell.counted, "images_per_second"),
                "compiling_runs": len(compiling),
                "compile_seconds": _median(compiling, "compile_seconds"),
                "cached_seconds": _median(cached, "compile_seconds"),
                "wall_seconds": sum(run.summary.get("timing.wall_seconds") for run in cell.runs),
                "val_images": first.get("val_images"),
            }
        )
    return pd.DataFrame(records, columns=list(COLUMNS))


def per_run(cells: Sequence[Cell]) -> pd.DataFrame:
    """One row per run, in the order given, with the columns of :data:`RUN_COLUMNS`."""
    import pandas as pd

    sections = {"git_commit": "provenance.", "git_dirty": "provenance."}
    sections |= dict.fromkeys(("top1", "val_loss", "config_hash"), "")
    records = [
        {"cell": cell.name, "seed": run.seed}
        | {key: run.summary.get(sections.get(key, "timing.") + key) for key in list(RUN_COLUMNS)[2:]}
        | {"diverged_epoch": run.diverged and run.diverged["epoch"]}
        for cell in cells
        for run in cell.runs
    ]
    return pd.DataFrame(records, columns=list(RUN_COLUMNS)).astype({"diverged_epoch": "Int64"})


def _by_cache(runs: Sequence[Run]) -> tuple[list[Run], list[Run]]:
    """The runs whose first step compiled something, and those that had all of it in the cache.

    A resumed run has several first steps, and one without counts cannot tell: both are in neither.
    """
    known = [run for run in runs if not run.summary.get("timing.resumes")]
    compiling = [run for run in known if run.summary.get("timing.programs_compiled")]
    cached = [run for run in known if run not in compiling and run.summary.get("timing.programs_cached")]
    return compiling, cached


def _median(runs: Sequence[Run], key: str) -> float:
    values = [value for run in runs if (value := run.summary.get(f"timing.{key}")) is not None]
    return median(values) if values else math.nan


def _paper(cell: Cell) -> str:
    try:
        return netspec.find(cell.config.get("model")).provenance.paper
    except netspec.SpecError as error:
        raise ReportError(f"{cell.config.path}: key 'model': {error}") from None
