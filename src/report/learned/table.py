"""The tables of such a report: a row per cell, and one per run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from report.engine import table
from report.learned.about import About
from report.runs import frames, statistics
from report.runs.load import Cell

if TYPE_CHECKING:
    import pandas as pd

#: What is known of every cell, whatever it learns.
COLUMNS = {
    "dataset": "name in config/datasets",
    "cell": "name in config/cells",
    "book_row": "the same network in the book's demos; empty for one that it does not have",
    "description": "what the cell is",
    "model": "name in the catalogue",
    "params": "trainable parameters of the network as trained",
    "macs": "multiply-adds per example",
    "n": "runs that count, at most one per seed",
    "diverged": "runs that are left out of everything below because they diverged",
    "steps": "steps of the optimizer",
    "batch_size": "examples per step",
    "train_loss": "mean training loss of the last period",
    "step_milliseconds": "median over runs of the mean time of a training step, input included, compilation not",
    "wall_seconds": "mean wall time of a run",
    "val_images": "validation examples, all of which are scored",
}
#: What stands after a metric's name: its mean over seeds, its deviation, and the difference from the first cell.
STATISTICS = ("mean", "sd", "difference", "low", "high", "p", "p_holm")
RUN_COLUMNS = (
    "cell", "seed", "train_loss", "diverged_epoch", "step_milliseconds", "compile_seconds", "resumes", "wall_seconds",
    "git_commit", "git_dirty", "config_hash",
)  # fmt: skip


def per_cell(about: About, cells: Sequence[Cell]) -> pd.DataFrame:
    """One row per cell with :data:`COLUMNS`, the mean and deviation of each metric, and of the headline the difference
    from the first cell: paired by seed, with Student's 95 % interval, its p-value and that after Holm.
    """
    rows = [_row(about, cell) for cell in cells]
    for row, difference in zip(rows, differences(about, cells), strict=True):
        row |= {f"{about.headline}_{key}": value for key, value in difference.items()}
    names = [f"{metric}_{part}" for metric in about.metrics for part in STATISTICS[:2]]
    names += [f"{about.headline}_{part}" for part in STATISTICS[2:]]
    return table.frame(rows, [*COLUMNS, *names], frames.TEXTS)


def _row(about: About, cell: Cell) -> dict:
    row = frames.row(cell)
    first = cell.first.summary
    row |= {key: first.get(key) for key in ("macs", "steps", "val_images")}
    for metric in about.metrics:
        values = [run.metric(metric) for run in cell.counted]
        row |= {f"{metric}_mean": statistics.mean(values), f"{metric}_sd": statistics.sd(values)}
    return row


def differences(about: About, cells: Sequence[Cell]) -> list[dict[str, float]]:
    """Of every cell, its headline minus the first cell's over the seeds that both have; empty of the first itself."""
    first = {run.seed: run.metric(about.headline) for run in cells[0].counted}
    found: list[dict[str, float]] = [{}]
    for cell in cells[1:]:
        own = {run.seed: run.metric(about.headline) for run in cell.counted}
        shared = sorted(own.keys() & first.keys())
        pair = statistics.paired([own[seed] for seed in shared], [first[seed] for seed in shared])
        found.append({"difference": pair.mean, "low": pair.low, "high": pair.high, "p": pair.p})
    adjusted = statistics.holm([one["p"] for one in found[1:]])
    for one, p in zip(found[1:], adjusted, strict=True):
        one["p_holm"] = p
    return found


def per_run(about: About, cells: Sequence[Cell]) -> pd.DataFrame:
    """One row per run, in the order given: place, every metric of the task, cost and origin."""
    frame = frames.per_run(cells, RUN_COLUMNS)
    values = [[run.metric(metric) for run in (run for cell in cells for run in cell.runs)] for metric in about.metrics]
    for at, (metric, column) in enumerate(zip(about.metrics, values, strict=True)):
        frame.insert(2 + at, metric, column)
    return frame


def tables(about: About) -> dict:
    """What :class:`report.runs.command.Report` is given of them."""

    def of_cells(cells: Sequence[Cell], lowered: Path | None = None) -> pd.DataFrame:
        return per_cell(about.measured(cells), cells)

    def of_runs(cells: Sequence[Cell]) -> pd.DataFrame:
        return per_run(about.measured(cells), cells)

    return {"table": of_cells, "runs": of_runs}
