"""How long a training step of each of several cells takes: steps taken in turns after compilation, medians."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from train.config.cell import Cell
from train.provenance import git_state, machine, versions
from train.step import Programs
from train.tasks import learner_of

#: Steps that are not timed, and rounds, which end when a step of each has been taken so often or all took so long.
WARM_UP, ROUNDS, SECONDS = 3, 30, 30.0


def measure(cells: Sequence[tuple[str, Cell]], rounds: int = ROUNDS, seconds: float = SECONDS) -> dict[str, Any]:
    """Milliseconds of a whole training step by the given names: median and quartiles, and how many rounds there were.

    A round takes one step of every cell, so that whatever else the machine does falls on all of them. The batch is a
    made-up one of the cell's size, already read. At least three rounds are taken, and no more after ``seconds``.
    """
    running = []
    for name, cell in cells:
        learner = learner_of(cell)
        programs = Programs(cell, learner, steps_per_epoch=1000)
        state = programs.init(0)
        batch = programs.place(jax.tree.map(np.asarray, learner.example_batch(cell.batch_size, training=True)))
        for _ in range(WARM_UP):
            state = programs.train(state, batch)
        running.append([name, programs, jax.block_until_ready(state), batch])
    taken: dict[str, list[float]] = {name: [] for name, _ in cells}
    begun, done = time.perf_counter(), 0
    while done < rounds and (done < 3 or time.perf_counter() - begun < seconds):
        for one in running:
            name, programs, state, batch = one
            start = time.perf_counter()
            one[2] = jax.block_until_ready(programs.train(state, batch))
            taken[name].append(1000 * (time.perf_counter() - start))
        done += 1
    return {
        "steps": {name: _spread(values) for name, values in taken.items()},
        "rounds": done,
        "provenance": git_state() | {"versions": versions()},
        "machine": machine(),
    }


def _spread(values: Sequence[float]) -> dict[str, float]:
    low, middle, high = statistics.quantiles(values, n=4)
    return {"milliseconds": round(middle, 4), "low": round(low, 4), "high": round(high, 4)}
