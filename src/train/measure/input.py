"""How fast the input side is: images per second from a prepared store through the pipeline of training."""

from __future__ import annotations

import os
import time
from itertools import chain, repeat
from typing import Any

from train.config.cell import Dataset
from train.data.batches import eval_batches, train_batches
from train.data.records import usable_cores
from train.data.store import Store
from train.machine.progress import say
from train.provenance import cpu_name, versions

#: Seconds of silence that nobody wonders about.
LONG = 3.0


def bench(store: Store, dataset: Dataset, batch_size: int, seconds: float) -> dict:
    """Read each split for about ``seconds`` and return its rate, with what it was measured on.

    The first batches are not timed: they open files and start threads. What is measured is this machine as busy as it
    is, and a store that the file system may hold in memory.
    """
    passes = {
        # Enough epochs never to end: what is not read costs nothing.
        "train": lambda: train_batches(store.train, batch_size=min(batch_size, len(store.train)), epochs=10**6, seed=0),
        "val": lambda: chain.from_iterable(eval_batches(store.val, batch_size=batch_size) for _ in repeat(None)),
    }
    splits = {}
    for split, batches in passes.items():
        if seconds >= LONG:
            say(f"{dataset.name}: reading {split} for {seconds:g} s")
        splits[split] = _rate(batches(), seconds)
    return {
        "dataset": dataset.name,
        "store": dataset.store,
        "batch_size": batch_size,
        "splits": splits,
        "cpu": cpu_name(),
        "cores": usable_cores(),
        "load_average": os.getloadavg()[0],
        "versions": versions(),
    }


def _rate(batches: Any, seconds: float) -> dict:
    iterator = iter(batches)
    first = [next(iterator) for _ in range(2)][-1]
    count, began = 0, time.perf_counter()
    while (passed := time.perf_counter() - began) < seconds or not count:
        count += _length(next(iterator))
    passed = time.perf_counter() - began
    shapes = {name: array.shape[1:] for name, array in first.items()}
    return {"shapes": shapes, "images": count, "images_per_second": round(count / passed, 1)}


def _length(batch: dict) -> int:
    return len(next(iter(batch.values())))
