"""Reading what the trainer left behind: resolved cells, run summaries and metrics, each checked before it is believed.

A results tree is ``<results>/<cell>/cell.json`` with ``seed<k>/summary.json`` and ``seed<k>/metrics.csv`` beneath.
Every complaint names the file and the key.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from report.engine.errors import ReportError, check, read_json
from report.engine.escape import phrase
from report.engine.table import check_numbers, is_missing, read_csv

if TYPE_CHECKING:
    import pandas as pd

METRIC_COLUMNS = ("epoch", "step", "split", "metric", "value")

#: The metrics of classifiers, which the reports of the book's experiments show.
METRICS = ("top1", "top5", "val_loss", "train_loss")
CLASSIFICATION = "classification"

#: Keys of a cell that came after results were first kept, with what held before them.
LATER = {"on_divergence": "continue", "start": None}

_NAMES = {str: "text", int: "an integer", float: "a number", bool: "true or false", dict: "an object"}


class JsonFile:
    """A JSON object together with the file it came from, so that a lookup that fails can say where."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.advice = f"delete it, and `snakemake {path}` makes it again"
        if is_missing(path):
            raise ReportError(f"{path}: there is no such file; `snakemake {path}` makes it")
        self.values = read_json(path, self.advice)

    def check(self, schema: str) -> None:
        """Complain about whatever a schema does not allow."""
        check(self.values, schema, self.path, self.advice)

    def fill(self, missing: dict[str, Any]) -> None:
        """Have a value for keys that the file lacks."""
        self.values = missing | self.values

    def as_phrases(self, *keys: str) -> None:
        """Have the texts at dotted keys fit into sentences: one line, backticks in pairs."""
        for key in keys:
            *parents, last = key.split(".")
            place = self.values
            for part in parents:
                place = place[part]
            if last in place:
                place[last] = phrase(place[last])

    def get(self, key: str, default: Any = None) -> Any:
        """The value at a dotted key, or the default where any part of the way is absent or null."""
        value: Any = self.values
        for part in key.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        return default if value is None else value

    def require(self, key: str, kind: type) -> Any:
        """The value at a dotted key, of the kind stated.

        Raises:
            ReportError: if it is absent, null, of another kind, or a number that is not finite.
        """
        value = self.get(key)
        if value is None:
            raise ReportError(f"{self.path}: key '{key}' is missing, expected {_NAMES[kind]}")
        accepted = (int, float) if kind is float else kind
        if not isinstance(value, accepted) or (kind is not bool and isinstance(value, bool)):
            raise ReportError(f"{self.path}: key '{key}' is {value!r}, expected {_NAMES[kind]}")
        if kind is float and not math.isfinite(value):
            raise ReportError(f"{self.path}: key '{key}' is {value}, expected a finite number; run it again")
        return value

    def expect(self, key: str, wanted: object, because: str) -> None:
        """Complain unless the value at the key is the one that the file's place in the tree promises."""
        found = self.require(key, type(wanted))
        if found != wanted:
            raise ReportError(f"{self.path}: key '{key}' is {found!r}, expected {wanted!r}: {because}")


@dataclass(frozen=True)
class Run:
    """One training run: a cell and a seed."""

    seed: int
    summary: JsonFile
    metrics: Path

    @property
    def diverged(self) -> dict[str, Any] | None:
        """Epoch, step and metric at which a number of the run was not finite first; None where all were."""
        return self.summary.get("diverged")

    @property
    def folder(self) -> Path:
        """Where the run's files lie."""
        return self.metrics.parent

    def metric(self, name: str) -> float:
        """One of :attr:`measured`; NaN for what the run has not, as one that diverged."""
        return self.measured.get("val_loss" if name == "loss" else name, math.nan)

    @property
    def measured(self) -> dict[str, float]:
        """What the run reached at its end, by the names of its task's metrics, accuracies in percent.

        The loss on the validation data is ``val_loss``, beside ``train_loss``.
        """
        validation = self.summary.get("metrics", {}).items()
        found = {"val_loss" if name == "loss" else name: value for name, value in validation}
        found["train_loss"] = self.summary.get("train_loss")
        return {name: float(value) for name, value in found.items() if value is not None}

    @property
    def classifies(self) -> bool:
        """Whether what it learned has a top-1 accuracy."""
        return self.summary.get("task") == CLASSIFICATION


@dataclass(frozen=True)
class Cell:
    """One cell of an experiment: its resolved configuration and its runs in the order of the seeds."""

    name: str
    config: JsonFile
    runs: tuple[Run, ...] = field(repr=False)

    @property
    def counted(self) -> tuple[Run, ...]:
        """The runs that means are taken of: those that did not diverge."""
        return tuple(run for run in self.runs if not run.diverged)

    @property
    def diverged(self) -> tuple[Run, ...]:
        """The runs that are left out."""
        return tuple(run for run in self.runs if run.diverged)

    @property
    def first(self) -> Run:
        """The run that stands for all in what they share: the first that went to its end, if one did."""
        return (*self.counted, *self.runs)[0]

    @property
    def description(self) -> str:
        """What the cell adds, in one line."""
        return str(self.config.require("description", str))

    @property
    def book_row(self) -> str | None:
        """The name of the same cell in the book's table, or None for a cell the book does not have."""
        return self.config.get("book_row")


def load(results: Path, cells: Sequence[str], seeds: Sequence[int]) -> list[Cell]:
    """Read the named cells with the same seeds each; pairing by seed needs all of them.

    Raises:
        ReportError: naming the file and key of the first thing that is missing, malformed or of another experiment.
    """
    for what, values in (("cell", cells), ("seed", seeds)):
        repeated = sorted({value for value in values if list(values).count(value) > 1})
        if repeated:
            raise ReportError(f"{what} {repeated[0]} is named twice")
    loaded = [_cell(results / name, name, seeds) for name in cells]
    _same_experiment(loaded)
    return loaded


def _cell(folder: Path, name: str, seeds: Sequence[int]) -> Cell:
    config = JsonFile(folder / "cell.json")
    config.fill(LATER)
    config.expect("name", name, "it is the name of the folder")
    config.require("description", str)
    for key, kind in (
        ("dataset.name", str),
        ("dataset.title", str),
        ("model", str),
        ("batch_size", int),
        ("optimizer.learning_rate", float),
        ("optimizer.weight_decay", float),
        ("optimizer.name", str),
        ("schedule.granularity", str),
        ("label_smoothing", float),
        ("precision", str),
        ("augmentation.semantics", str),
    ):
        config.require(key, kind)
    config.check("cell")
    config.as_phrases("description", "dataset.title", "dataset.source")
    return Cell(name, config, tuple(_run(folder / f"seed{seed}", config, name, seed) for seed in seeds))


def _run(folder: Path, config: JsonFile, cell: str, seed: int) -> Run:
    summary = summary_of(folder)
    summary.expect("cell", cell, "it is the name of the folder")
    summary.expect("seed", seed, "it is the name of the folder")
    summary.expect("dataset", config.get("dataset.name"), f"it is the data set of {config.path}")
    for key in (
        "params",
        "train_images",
        "val_images",
        "classes",
        "epochs",
        "steps",
        "batch_size",
    ):
        summary.require(key, int)
    summary.require("timing.wall_seconds", float)
    for key in ("epochs", "steps"):
        if (length := config.get(key)) is not None and not (key == "steps" and summary.get("diverged")):
            summary.expect(key, length, f"it is the length of training in {config.path}")
    run = Run(seed, summary, folder / "metrics.csv")
    if run.diverged is not None:
        for key, kind in (("epoch", int), ("step", int), ("metric", str)):
            summary.require(f"diverged.{key}", kind)
        summary.check("summary")
        return run
    for name in ("top1", "top5") if run.classifies else ():
        summary.require(f"metrics.{name}", float)
    summary.check("summary")
    share, images = run.metric("top1"), summary.get("val_images")
    if run.classifies and abs(100 * round(share * images / 100) / images - share) > 0.01:  # two decimals are enough
        raise ReportError(f"{summary.path}: key 'metrics.top1' is {share}, but no number of {images} images is that")
    return run


def summary_of(folder: Path) -> JsonFile:
    """The summary of a run, its metrics numbers or null, in the form of now."""
    summary = JsonFile(folder / "summary.json")
    summary.fill(_earlier(summary))
    for name in summary.require("metrics", dict):
        if summary.get(f"metrics.{name}") is not None:
            summary.require(f"metrics.{name}", float)
    return summary


def _earlier(summary: JsonFile) -> dict[str, Any]:
    """What a summary lacks that is of before other tasks than classification: its metrics stood at its root."""
    before = {"top1": "top1", "top5": "top5", "loss": "val_loss"}
    return {"task": CLASSIFICATION, "metrics": {now: summary.get(key) for now, key in before.items()}}


def _same_experiment(cells: Iterable[Cell]) -> None:
    """Accuracies are comparable only when every run classified the same images."""
    first: Run | None = None
    for cell in cells:
        hashes = {run.summary.get("config_hash") for run in cell.runs}
        if len(hashes) > 1:
            seeds = ", ".join(str(run.seed) for run in cell.runs)
            folder = cell.config.path.parent
            raise ReportError(f"{folder}: seeds {seeds} differ in key 'config_hash' of summary.json; retrain the cell")
        for run in cell.runs:
            first = first or run
            for key in ("dataset", "val_images", "classes"):
                run.summary.expect(key, first.summary.get(key), f"{first.summary.path} has it so")


def metrics(run: Run) -> pd.DataFrame:
    """The tidy metrics of one run, checked: the fixed columns, numbers where numbers belong, at least one row."""
    frame = read_csv(run.metrics, ("split", "metric"), f"`snakemake {run.summary.path}` makes it")
    if tuple(frame.columns) != METRIC_COLUMNS:
        raise ReportError(f"{run.metrics}: columns are {','.join(frame.columns)}, expected {','.join(METRIC_COLUMNS)}")
    check_numbers(frame, run.metrics, ("epoch", "step", "value"))
    if frame[["epoch", "step", "split", "metric"]].isna().any(axis=None):
        raise ReportError(
            f"{run.metrics}: a row is incomplete; delete it, and `snakemake {run.summary.path}` runs again"
        )
    if run.diverged or not run.classifies:  # where it stopped decides what its rows end with
        return frame
    if not ((frame["split"] == "val") & (frame["metric"] == "top1")).any():
        raise ReportError(f"{run.metrics}: no row has split 'val' and metric 'top1'")
    last = frame[(frame["split"] == "val") & (frame["metric"] == "top1")].iloc[-1]
    if last["epoch"] != run.summary.get("epochs") or abs(last["value"] - run.metric("top1")) > 0.01:
        raise ReportError(
            f"{run.metrics}: ends with top-1 {last['value']:g} at epoch {last['epoch']:g}, expected that of "
            f"{run.summary.path}; delete both, and `snakemake {run.summary.path}` runs again"
        )
    return frame
