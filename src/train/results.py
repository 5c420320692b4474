"""What a finished run leaves: ``metrics.csv``, ``weights.npz`` and ``summary.json``, each whole or not at all."""

from __future__ import annotations

import datetime
import json
import shlex
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax

from netspec.ownership import write_all
from train import divergence, provenance
from train.config.cell import Cell
from train.config.length import length_of
from train.data.store import Store
from train.destination import digest
from train.machine.clock import Clock
from train.rows import table
from train.step import TrainState
from train.tasks import task_of


def summarize(
    cell: Cell,
    seed: int,
    store: Store,
    rows: list[list],
    state: TrainState,
    clock: Clock,
    taken: Mapping[str, Any] | None = None,
) -> dict:
    """The figures of a finished run, with where they come from and how long it took.

    ``taken`` is what is said of the weights that it started from (:func:`train.start.begun`), if any.

    Everything outside ``provenance`` and ``timing`` is a function of cell, seed and code. ``diverged`` is null, or says
    at which epoch and step which metric was not finite first; figures that are not finite or were not taken are null.
    """
    reached = rows[-1][0]
    last = {(split, name): value for epoch, _, split, name, value in rows if epoch == reached}
    diverged = divergence.first(rows)
    if diverged is None and not divergence.all_finite(state.params, state.rest, state.average):
        diverged = {"epoch": reached, "step": int(state.step), "metric": divergence.WEIGHTS}
    task = task_of(cell)
    spec = task.spec(cell)
    rate = clock.steps_per_second()
    return {
        "dataset": cell.dataset.name,
        "cell": cell.name,
        "seed": seed,
        "config_hash": cell.fingerprint,
        "semantics": cell.augmentation.semantics,
        "model": cell.model,
        "params": spec.params,
        "macs": spec.macs,
        "train_images": len(store.train),
        "val_images": len(store.val),
        "image_size": cell.dataset.image_size or None,
        "classes": cell.dataset.classes,
        "epochs": length_of(cell, len(store.train) // cell.batch_size).epochs,
        "steps": int(state.step),
        "batch_size": cell.batch_size,
        "optimizer_bytes": sum(leaf.nbytes for leaf in jax.tree.leaves(state.optimizer)),
        "precision": cell.precision,
        **({"start": taken} if taken else {}),
        "diverged": diverged,
        "task": task.name,
        "metrics": {metric.name: last.get(("val", metric.name)) for metric in task.metrics},
        "train_loss": last.get(("train", "loss")),
        "provenance": {
            **provenance.git_state(),
            "command": shlex.join(["python", "-m", "train", *sys.argv[1:]]),
            "versions": provenance.versions(),
        },
        "timing": {
            "wall_seconds": clock.wall(),
            **{f"{kind}_seconds": clock.seconds[kind] for kind in ("compile", "train", "input", "eval")},
            # Of the first step: programs compiled, and programs taken from the compilation cache instead.
            "programs_compiled": clock.programs["compiled"],
            "programs_cached": clock.programs["cached"],
            # A run of one step has compiled and nothing more: no rate to report.
            "step_milliseconds": rate and 1000 / rate,
            "images_per_second": rate and rate * cell.batch_size,
            **({"tokens_per_second": rate and rate * cell.batch_size * task.tokens(spec)} if task.tokens else {}),
            "peak_memory_mib": provenance.peak_memory_mib(),
            "resumes": clock.resumes,
            "started": _utc(clock.started),
            "finished": _utc(time.time()),
            **provenance.machine(),
        },
    }


def _utc(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat(timespec="seconds")


def write_results(out: Path, rows: list[list], others: Mapping[str, bytes], summary: dict) -> None:
    """Write metrics, ``others`` (the weights and what the task leaves) and the summary, which comes last.

    Where it stands, the others are complete, and it has their digests.

    What is replaced must have been looked at, see :func:`train.destination.look`.
    """
    files = {"metrics.csv": table(rows).encode(), **others}
    summary["provenance"]["files"] = {name: digest(content) for name, content in files.items()}
    files["summary.json"] = (json.dumps(summary, indent=2, allow_nan=False) + "\n").encode()
    write_all({out / name: content for name, content in files.items()}, proven=True)
