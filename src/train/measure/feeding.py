"""How fast a finished run reads and how fast it trains, each alone: where reading is slower, steps wait for images."""

from __future__ import annotations

import time
from collections.abc import Iterable

import jax

from train.data.batches import THREADS
from train.machine.clock import Clock
from train.machine.processes import agree
from train.step import Programs, TrainState

#: What each of the two measurements may take: a share of the run's wall time, and seconds.
SHARE, SECONDS = 0.02, 1.0
#: Batches that are timed at least, however long they take.
LEAST = 2


def rates(
    programs: Programs, state: TrainState, batches: Iterable[dict], batch_size: int, clock: Clock
) -> dict[str, float]:
    """Images per second of the input side, from the store to the device, and of the training step on one batch.

    ``batches`` are those of the run. Its own time of a step decides how many are timed. The buffers of ``state`` are
    used up, as by any step.
    """
    count = agree(_count(clock))
    feed = iter(batches)
    for _ in range(THREADS):  # opens files and starts threads
        batch = jax.block_until_ready(programs.place(next(feed)))
    began = time.perf_counter()
    for _ in range(count):
        batch = jax.block_until_ready(programs.place(next(feed)))
    reading = time.perf_counter() - began

    state = jax.block_until_ready(programs.train(state, batch))
    began = time.perf_counter()
    for _ in range(count):
        state = programs.train(state, batch)
        if programs.must_wait:
            jax.block_until_ready(state)
    jax.block_until_ready(state)
    training = time.perf_counter() - began
    images = count * batch_size
    return {"input_images_per_second": images / reading, "step_images_per_second": images / training}


def _count(clock: Clock) -> int:
    """Batches that fit into the time allowed."""
    spent = clock.seconds["train"] + clock.seconds["input"]
    return max(LEAST, int(min(SECONDS, SHARE * clock.wall()) * clock.steps / spent)) if spent else LEAST
