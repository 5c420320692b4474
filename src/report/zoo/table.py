"""The tables of the comparison of architectures: one row per architecture, one per run; accuracies in percent."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import netspec
from report.engine.errors import ReportError
from report.runs import frames, statistics
from report.runs.load import Cell, Run

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

RUN_COLUMNS = (
    "cell", "seed", "top1", "val_loss", "diverged_epoch", "step_milliseconds", "compile_seconds", "programs_compiled",
    "programs_cached", "resumes", "wall_seconds", "git_commit", "git_dirty", "config_hash",
)  # fmt: skip


def per_architecture(cells: Sequence[Cell], lowered: Path | None = None) -> pd.DataFrame:
    """One row per cell, in the order given, with the columns of :data:`COLUMNS`."""
    rows = []
    for cell in cells:
        top1 = [run.metric("top1") for run in cell.counted]
        spread = statistics.interval(top1)
        first = cell.first.summary
        compiling, cached = _by_cache(cell.counted)
        rows.append(
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
                "step_milliseconds": frames.timing(cell.counted, "step_milliseconds"),
                "images_per_second": frames.timing(cell.counted, "images_per_second"),
                "compiling_runs": len(compiling),
                "compile_seconds": frames.timing(compiling, "compile_seconds"),
                "cached_seconds": frames.timing(cached, "compile_seconds"),
                "wall_seconds": sum(run.summary.get("timing.wall_seconds") for run in cell.runs),
                "val_images": first.get("val_images"),
            }
        )
    return frames.frame(rows, COLUMNS)


def per_run(cells: Sequence[Cell]) -> pd.DataFrame:
    """One row per run, in the order given, with the columns of :data:`RUN_COLUMNS`."""
    return frames.per_run(cells, RUN_COLUMNS)


def _by_cache(runs: Sequence[Run]) -> tuple[list[Run], list[Run]]:
    """The runs whose first step compiled something, and those that had all of it in the cache.

    A resumed run has several first steps, and one without counts cannot tell: both are in neither.
    """
    known = [run for run in runs if not run.summary.get("timing.resumes")]
    compiling = [run for run in known if run.summary.get("timing.programs_compiled")]
    cached = [run for run in known if run not in compiling and run.summary.get("timing.programs_cached")]
    return compiling, cached


def _paper(cell: Cell) -> str:
    try:
        return netspec.find(cell.config.get("model")).provenance.paper
    except netspec.SpecError as error:
        raise ReportError(f"{cell.config.path}: key 'model': {error}") from None
