"""Train one cell with one seed, from its first step or from its last checkpoint to its results.

Results in ``out``: ``metrics.csv`` (``epoch,step,split,metric,value``), ``weights.npz`` and ``summary.json``, each
written whole or not at all. All but the summary's ``timing`` and ``provenance`` are functions of cell and seed: a run
that was killed and resumed writes the same bytes as one that was not.
"""

from __future__ import annotations

import datetime
import io
import json
import shlex
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jax
import numpy as np

import netspec
from train import provenance
from train.cell import Cell
from train.checkpoint import Checkpoints
from train.data import Store, eval_batches, train_batches
from train.files import atomic
from train.progress import Progress
from train.schema import ConfigError
from train.step import Programs, TrainState, evaluated, make_programs
from train.task import Classification

RESULTS = ("metrics.csv", "weights.npz", "summary.json")
#: Evaluation holds no gradients, so its batches may be larger than those of training.
EVAL_FACTOR = 8


class Interrupted(Exception):
    """The run was told to stop and has saved where it was; ``signum`` is the signal."""

    def __init__(self, signum: int, step: int):
        super().__init__(f"{signal.Signals(signum).name} at step {step}: saved; the same command continues from here")
        self.signum = signum


def fit(cell: Cell, seed: int, store: Store, out: Path, checkpoints: Path) -> dict:
    """Train and write the results; return the summary.

    Raises :class:`Interrupted` after SIGINT or SIGTERM, with a checkpoint written at the step it had reached.
    """
    started = time.time()
    task = Classification(cell)
    steps_per_epoch = len(store.train) // cell.batch_size
    batches = train_batches(store.train, batch_size=cell.batch_size, epochs=cell.epochs, seed=seed)
    programs = make_programs(cell, task, steps_per_epoch)
    saved = Checkpoints(checkpoints, provenance.run_fingerprint(cell.fingerprint, cell.model, seed))

    state = programs.init(seed)
    clock = Clock()
    rows: list[list] = []
    iterator = iter(batches)
    restored = saved.restore(state)
    if restored:
        state, so_far = restored
        rows, clock = so_far["rows"], Clock(**so_far["clock"], resumes=so_far["resumes"] + 1)
        iterator.set_state(so_far["iterator"])
    step = int(state.step)
    images = steps_per_epoch * cell.batch_size
    progress = Progress(f"{cell.name} seed {seed}", cell.epochs, images, done=step * cell.batch_size)
    if restored:
        progress.say(f"resumed at step {step} of {cell.epochs * steps_per_epoch}")

    def save() -> None:
        so_far = {"rows": rows, "clock": clock.totals(), "resumes": clock.resumes, "iterator": iterator.get_state()}
        saved.save(step, state, so_far)

    with _stop_requests() as stop:
        while step < cell.epochs * steps_per_epoch:
            with clock.measure("input"):
                batch = programs.place(next(iterator))
            with clock.measure("compile" if not clock.warm else "train"):
                state = programs.train(state, batch)
                if not clock.warm or _must_wait(programs):
                    jax.block_until_ready(state)
            clock.warm = True
            step += 1
            progress.advance(cell.batch_size, lambda: _current(task, state))
            epoch, position = divmod(step, steps_per_epoch)
            if position == 0:
                rows += _finish_epoch(cell, task, programs, state, store, epoch, step, clock, progress)
                state = state._replace(sums=jax.tree.map(np.zeros_like, state.sums))
                if epoch % cell.checkpoint_every_epochs == 0 and epoch < cell.epochs:
                    save()
            if stop and step < cell.epochs * steps_per_epoch:
                save()
                progress.close()
                raise Interrupted(stop[0], step)
        progress.close()
        summary = _summary(cell, seed, store, rows, state, programs, clock, started)
        _write(out, rows, state, summary)
    saved.clear()
    return summary


class Clock:
    """Seconds spent on compiling, training, reading and evaluating, over all resumes of a run."""

    def __init__(self, resumes: int = 0, **seconds: float):
        self.resumes = resumes
        self.warm = False
        self.seconds = {"compile": 0.0, "train": 0.0, "input": 0.0, "eval": 0.0, "before": 0.0, **seconds}
        self.began = time.perf_counter()

    @contextmanager
    def measure(self, kind: str) -> Iterator[None]:
        """Add the time of the block to ``kind``."""
        start = time.perf_counter()
        yield
        self.seconds[kind] += time.perf_counter() - start

    def totals(self) -> dict[str, float]:
        """The seconds so far; ``before`` is the wall time up to now, for the next resume to add to."""
        return {**self.seconds, "before": self.wall()}

    def wall(self) -> float:
        """Seconds of all the run's processes together."""
        return self.seconds["before"] + time.perf_counter() - self.began


def evaluate(task: Classification, programs: Programs, state: TrainState, store: Store, batch_size: int) -> dict:
    """Metrics over every validation image."""
    totals: dict = {}
    per_batch = -(-min(batch_size * EVAL_FACTOR, len(store.val)) // programs.devices) * programs.devices
    for batch in eval_batches(store.val, batch_size=per_batch):
        sums = programs.measure(state, programs.place(batch))
        totals = (
            jax.tree.map(lambda a, b: a + np.float64(b), totals, sums) if totals else jax.tree.map(np.float64, sums)
        )
    return task.metrics(totals)


def evaluate_weights(cell: Cell, weights: Path, store: Store) -> dict:
    """Metrics of saved weights. Raises :class:`ConfigError` when the file is not weights of the cell's model."""
    task = Classification(cell)
    programs = make_programs(cell, task, steps_per_epoch=1)
    state = programs.init(0)
    try:
        with np.load(weights) as arrays:
            state = state._replace(params=_filled(state.params, arrays), rest=_filled(state.rest, arrays), average=None)
    except (OSError, ValueError, KeyError) as error:
        raise ConfigError(f"{weights}: not weights of {cell.model} ({error})") from None
    return {**evaluate(task, programs, state, store, cell.batch_size), "images": len(store.val)}


def _filled(tree, arrays):
    """``tree`` with its leaves taken from ``arrays`` by their dotted names."""

    def take(path, leaf):
        found = arrays[jax.tree_util.keystr(path, simple=True, separator=".")]
        if found.shape != leaf.shape:
            raise ValueError(f"shape {found.shape}, expected {leaf.shape}")
        return found

    return jax.tree_util.tree_map_with_path(take, tree)


def _finish_epoch(cell, task, programs, state, store, epoch, step, clock, progress) -> list[list]:
    """The rows of a finished epoch: training sums, learning rate, and validation when it is due."""
    with clock.measure("train"):
        train = _current(task, state)  # waits for the device
    train["learning_rate"] = programs.rate(step - 1)
    rows = [[epoch, step, "train", name, value] for name, value in train.items()]
    shown = {"loss": train["loss"], "accuracy": train["accuracy"], "rate": train["learning_rate"]}
    if epoch % cell.evaluate_every_epochs == 0 or epoch == cell.epochs:
        with clock.measure("eval"):
            val = evaluate(task, programs, state, store, cell.batch_size)
        rows += [[epoch, step, "val", name, value] for name, value in val.items()]
        shown[f"val {task.headline}"] = val[task.headline]
    progress.epoch(epoch, shown)
    return rows


def _current(task: Classification, state: TrainState) -> dict[str, float]:
    return task.metrics(jax.device_get(state.sums))


def _must_wait(programs: Programs) -> bool:
    """Virtual CPU devices deadlock on few cores when steps are queued (see the design notes in CONTRIBUTING)."""
    return programs.devices > 1 and jax.default_backend() == "cpu"


@contextmanager
def _stop_requests() -> Iterator[list[int]]:
    """Collect SIGINT and SIGTERM in the yielded list; a second one stops at once."""
    received: list[int] = []

    def handler(signum, frame):
        if received:
            raise KeyboardInterrupt
        received.append(signum)

    previous = {signum: signal.signal(signum, handler) for signum in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for signum, old in previous.items():
            signal.signal(signum, old)


def _summary(cell, seed, store, rows, state, programs, clock, started) -> dict:
    last = {(split, name): value for epoch, _, split, name, value in rows if epoch == cell.epochs}
    count = len(store.val)
    spec = netspec.find(cell.model).with_classes(cell.dataset.classes)
    steps = int(state.step)
    trained = (steps - 1 - clock.resumes) * cell.batch_size
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
        "val_images": count,
        "image_size": cell.dataset.image_size,
        "classes": cell.dataset.classes,
        "epochs": cell.epochs,
        "steps": steps,
        "batch_size": cell.batch_size,
        "precision": cell.precision,
        "top1": last["val", "top1"],
        "top5": last["val", "top5"],
        "correct": round(last["val", "top1"] * count / 100),
        "val_loss": last["val", "loss"],
        "train_loss": last["train", "loss"],
        "provenance": {
            **provenance.git_state(),
            "command": shlex.join(["python", "-m", "train", *sys.argv[1:]]),
            "versions": provenance.versions(),
        },
        "timing": {
            "wall_seconds": clock.wall(),
            **{f"{kind}_seconds": clock.seconds[kind] for kind in ("compile", "train", "input", "eval")},
            "step_milliseconds": 1000 * (clock.seconds["train"] + clock.seconds["input"]) * cell.batch_size / trained,
            "images_per_second": trained / (clock.seconds["train"] + clock.seconds["input"]),
            "peak_memory_mib": provenance.peak_memory_mib(),
            "resumes": clock.resumes,
            "started": _utc(started),
            "finished": _utc(time.time()),
            **provenance.machine(),
        },
    }


def _utc(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat(timespec="seconds")


def _write(out: Path, rows: list[list], state: TrainState, summary: dict) -> None:
    """Write the results, the summary last: where it stands, the other two are complete."""
    out.mkdir(parents=True, exist_ok=True)
    lines = [f"{epoch},{step},{split},{name},{value!r}" for epoch, step, split, name, value in rows]
    with atomic(out / "metrics.csv") as path:
        path.write_text("\n".join(["epoch,step,split,metric,value", *lines]) + "\n", encoding="utf-8")
    with atomic(out / "weights.npz") as path:
        buffer = io.BytesIO()
        np.savez(buffer, **named_arrays(evaluated(state)), **named_arrays(state.rest))
        path.write_bytes(buffer.getvalue())
    with atomic(out / "summary.json") as path:
        path.write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")


def named_arrays(tree) -> dict[str, np.ndarray]:
    """The leaves of a parameter tree under dotted names such as ``layers.2.kernel``."""
    leaves = jax.tree_util.tree_flatten_with_path(tree)[0]
    return {jax.tree_util.keystr(path, simple=True, separator="."): np.asarray(leaf) for path, leaf in leaves}
