"""Train one cell with one seed, from its first step or from its last checkpoint to its results.

Results in ``out``: ``metrics.csv`` (``epoch,step,split,metric,value``), ``weights.npz`` and ``summary.json``, each
written whole or not at all. All but the summary's ``timing`` and ``provenance`` are functions of cell and seed: a run
that was killed and resumed writes the same bytes as one that was not.
"""

from __future__ import annotations

import contextlib
import math
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from train import destination, divergence, watched
from train.checkpoint import Checkpoints
from train.config.cell import Cell
from train.config.length import length_of
from train.config.printable import shown
from train.config.schema import ConfigError
from train.data.batches import ShuffledBatches, eval_batches, train_batches
from train.data.store import Store
from train.live import Live
from train.machine import processes
from train.machine.clock import Clock
from train.machine.progress import Progress
from train.measure import feeding
from train.results import summarize, write_results
from train.step import EVAL_FACTOR, Programs, TrainState, check_divisible
from train.tasks import Learner, learner_of, task_of
from train.weights import read_weights, weights_file

#: Training batches that the statistics of averaged weights are taken from.
SETTLING = 64


class Interrupted(Exception):
    """The run was told to stop and has saved where it was; ``signum`` is the signal."""

    def __init__(self, signum: int, step: int) -> None:
        super().__init__(f"{signal.Signals(signum).name} at step {step}: saved; the same command continues from here")
        self.signum = signum


def fit(
    cell: Cell,
    seed: int,
    store: Store,
    out: Path,
    checkpoints: Path,
    again: bool = False,
    made: Callable[..., Programs] | None = None,
) -> dict:
    """Train and write the results; return the summary.

    ``made`` gives the programs of a run in place of :class:`Programs`, so that several may share them.

    Several processes that have joined train as one: each reads its part of every batch, the first one writes. Raises
    :class:`Interrupted` after SIGINT or SIGTERM, with a checkpoint written at the step it had reached,
    :class:`train.destination.Finished` when the results are there, unless the run is wanted ``again``, and
    :class:`ConfigError` when the devices cannot share a batch evenly, ``out`` holds something else, or cannot be
    written to, which is known before anything is trained. A run whose numbers are no longer finite stops at the end of
    that epoch, or when it is next validated if it is counted in steps, unless its recipe says to continue, and is
    written as any other: that is its result.
    """
    fingerprint = destination.run_fingerprint(cell, seed, store)
    task = task_of(cell)
    size = 4 * task.spec(cell).params
    claimed = destination.claimed(out, fingerprint, size, task.files, checkpoints=checkpoints, again=again)
    with claimed, Checkpoints(checkpoints, fingerprint) as saved:
        return _fit(cell, seed, store, out, saved, made or Programs)


def _fit(cell: Cell, seed: int, store: Store, out: Path, saved: Checkpoints, made: Callable[..., Programs]) -> dict:
    clock = Clock()
    steps_per_epoch = len(store.train) // cell.batch_size
    programs = made(cell, learner_of(cell), steps_per_epoch)
    learner = programs.learner
    check_divisible(cell, programs.devices)
    order = {"batch_size": cell.batch_size, "seed": seed, "rows": programs.rows(cell.batch_size)}
    length = length_of(cell, steps_per_epoch)
    batches = train_batches(store.train, epochs=length.epochs, **order)

    state = programs.init(seed)
    rows: list[list] = []
    iterator = iter(batches)
    restored = saved.restore(state)
    if restored:
        state, so_far = restored
        rows = so_far["rows"]
        clock.resume(so_far["clock"])
        iterator.set_state(so_far["iterator"])
    step = int(state.step)
    label, done = f"{cell.name} seed {seed}", step * cell.batch_size
    images = length.steps * cell.batch_size
    task, silent = task_of(cell), not processes.is_first()
    progress = Progress(label, length.epochs, images, done=done, silent=silent, unit=task.unit)
    about = {"cell": cell.name, "seed": seed, "task": task.name, "steps": length.steps}
    about["unit"] = task.unit if task.tokens is None else "tokens"
    each = 1 if task.tokens is None else task.tokens(learner.spec)
    live = Live(saved.own, about, clock, cell.batch_size, each, silent)
    live.begin(rows, step)
    taken = so_far.get("start") if restored else None
    if cell.start is not None and not restored:
        from train import start  # which a run without one does not depend on

        state, taken = start.begun(programs, state, cell, seed, store.class_names)
        progress.say(start.told(taken, cell))
    if restored:
        progress.say(f"resumed at step {step} of {length.steps}")

    def published(state: TrainState) -> TrainState:
        """The state that is evaluated and written down."""
        if not programs.must_settle:
            return state
        settling = ShuffledBatches(store.train, epochs=SETTLING, **order)
        return programs.settled(state, (settling[index] for index in range(SETTLING)))

    def save() -> None:
        so_far = {"rows": rows, "clock": clock.saved(), "iterator": iterator.get_state()}
        saved.save(step, state, so_far | ({"start": taken} if taken else {}))

    last_step = length.steps
    with processes.stop_requests() as stop_at:
        while step < last_step:
            with clock.measure("input"):
                batch = programs.place(next(iterator))
            with clock.step():
                state = programs.train(state, batch)
                if not clock.warm or programs.must_wait:
                    jax.block_until_ready(state)
            step += 1
            progress.advance(cell.batch_size, lambda now=state: _current(learner, now))
            live.tick(step)
            if length.ends_period(step):
                finished = _finish_period(programs, length, state, store, published, step, clock, progress)
                rows += finished
                live.add(finished, step)
                if length.validates(step):
                    state = programs.observed(state, _validation_loss(finished))
                # On the device, as the step leaves them: arrays of another kind would compile it a second time.
                state = state._replace(sums=jax.tree.map(lambda s: jnp.zeros_like(s, device=s.sharding), state.sums))
                if cell.on_divergence == "stop" and divergence.first(finished):
                    last_step = step
                elif length.saves(step):
                    save()
            if step < last_step and (signum := stop_at(step)):
                save()
                progress.close()
                raise Interrupted(signum, step)
        progress.close()
        every, files, final = rows, {}, published(state)
        if not divergence.first(rows):
            with clock.measure("eval"):
                figures, files = learner.finish(programs.run(final), store)
            # Not part of what a checkpoint holds, which may have to be written below and is then finished again.
            every = rows + [[length.epochs, step, "val", *figure] for figure in divergence.scored(figures).items()]
        summary = summarize(cell, seed, store, every, state, clock, taken)
        files["weights.npz"] = weights_file(programs.network(final), store.class_names, store.tokenizer)
        # Measuring uses the state up, which is needed again where the results cannot be written.
        spare = jax.device_get(state) if jax.process_count() == 1 else None
        again = train_batches(store.train, epochs=10**6, **order)
        summary["timing"] |= feeding.rates(programs, state, again, cell.batch_size, clock)
        summary["provenance"]["fingerprint"] = saved.fingerprint
        try:
            processes.first_does(lambda: write_results(out, every, files, summary))
        except OSError as error:
            problem = destination.unwritable(error, out)
            if spare is not None:
                state = spare
                with contextlib.suppress(ConfigError):  # the checkpoints may lie on another disk, or need less
                    save()
                    problem += f"; step {step} is saved, and the same command goes on from there"
            raise ConfigError(problem) from None
    saved.clear()
    return summary


def evaluate(programs: Programs, state: TrainState, store: Store, batch_size: int) -> dict[str, float]:
    """Metrics over every validation image."""
    per_batch = -(-min(batch_size * EVAL_FACTOR, len(store.val)) // programs.devices) * programs.devices
    parts = []
    for index, batch in enumerate(eval_batches(store.val, batch_size=per_batch, rows=programs.rows(per_batch))):
        parts.append(programs.measure(state, programs.place(batch), index))
        if programs.must_wait:
            jax.block_until_ready(parts[-1])
    parts = jax.device_get(parts)
    return programs.learner.figures({name: sum(np.float64(part[name]) for part in parts) for name in parts[0]})


def evaluate_weights(cell: Cell, weights: Path, store: Store) -> dict:
    """Metrics of saved weights, ``None`` where they are not finite.

    Raises :class:`ConfigError` when the file is not weights of the cell's model.
    """
    programs = Programs(cell, learner_of(cell), steps_per_epoch=1)
    state = programs.init(0)
    advice = f"expected weights.npz of a run of {cell.model}; run it again, or name its own cell"
    arrays = read_weights(weights, advice).arrays
    try:
        state = programs.loaded(state, arrays)
    except ValueError as error:
        raise ConfigError(f"{shown(weights, 300)}: not weights of {cell.model} ({error}); {advice}") from None
    metrics = divergence.scored(evaluate(programs, state, store, cell.batch_size))
    return {**metrics, "images": len(store.val)}


def _finish_period(
    programs: Programs, length: Any, state: Any, store: Store, published: Any, step: int, clock: Clock, progress: Any
) -> list[list]:
    """The rows of a finished period: training sums, learning rate, and validation when it is due."""
    epoch = length.epoch(step)
    with clock.measure("train"):
        train = _current(programs.learner, state)  # waits for the device
    train["learning_rate"] = programs.rate(step - 1, state)
    rows = [[epoch, step, "train", name, divergence.finite_or_none(value)] for name, value in train.items()]
    named = sorted(train, key=lambda name: ("loss" not in name, name))
    shown = {"rate" if name == "learning_rate" else name: train[name] for name in named}
    if length.validates(step):
        with clock.measure("eval"):
            shown_state = published(state)
            val = evaluate(programs, shown_state, store, programs.cell.batch_size)
            if all(map(math.isfinite, val.values())):
                val |= programs.learner.glance(programs.run(shown_state), store)
        rows += [[epoch, step, "val", name, value] for name, value in divergence.scored(val).items()]
        first = next((one for one in programs.learner.task.metrics if one.name in val), None)
        if first is not None:
            shown[f"val {first.name}"] = first.text(val[first.name])
    progress.epoch(epoch, shown)
    return rows


def _validation_loss(rows: list[list]) -> float | None:
    return next((value for _, _, split, name, value in rows if (split, name) == ("val", "loss")), None)


def _current(learner: Learner, state: TrainState) -> dict[str, float]:
    sums, norms = watched.figures(jax.device_get(state.sums))
    return learner.figures(sums) | norms
