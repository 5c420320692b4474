"""How long the runs of a configuration will take here and what they need, from a few steps of each."""

from __future__ import annotations

import gc
import json
import math
import os
import shutil
import statistics
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import jax

from train.config import Experiment, parse_cell
from train.config.cell import Cell, Dataset, sides
from train.config.length import length_of
from train.config.schema import ConfigError
from train.data.raw import open_raw
from train.data.records import usable_cores
from train.machine import memory
from train.machine.progress import say
from train.measure.estimate_text import measured_line
from train.measure.input import bench
from train.provenance import cpu_name, versions
from train.step import EVAL_FACTOR, Programs, check_divisible
from train.tasks import learner_of, opened

#: Largest batch that is measured on a CPU; time and memory of a larger one are taken in proportion.
CPU_BATCH = 32
#: Seconds for which an existing store is read.
READ_SECONDS = 1.0


@dataclass(frozen=True)
class Measured:
    """What a few steps cost: seconds for a batch of ``batch_size``, bytes while one is running, bytes that are kept.

    ``memory_bytes`` is what a step takes on each device (state, inputs and what is kept for the backward pass),
    ``process_bytes`` the largest resident memory of the process on the host: interpreter, libraries and the compiler
    included, and on a CPU the step as well.
    """

    batch_size: int
    compile_seconds: float
    step_seconds: float
    eval_seconds_per_image: float
    memory_bytes: int
    process_bytes: int
    state_bytes: int
    weights_bytes: int


@dataclass(frozen=True)
class Estimate:
    """The runs of one cell: seconds of one run on one device, bytes; ``None`` where the number of images is unknown."""

    experiment: str
    cell: str
    runs: int
    in_proportion: bool  # measured with a smaller batch
    steps: int | None
    step_seconds: float
    images_per_second: float
    input_images_per_second: float | None
    run_seconds: float | None
    memory_bytes: int
    process_bytes: int
    kept_bytes: int
    measured: Measured


def estimate(experiments: dict[str, Experiment], steps: int, stores: Path, gpus: int = 0) -> dict:
    """Time ``steps`` steps of every cell on made-up pictures, and add up; ``stores`` holds the prepared data sets.

    ``gpus`` is how many this machine has, of which one is measured.

    A cell whose batch exceeds :data:`CPU_BATCH` on a CPU is measured at that size. The rate of the input side is
    measured where the store is there, and a step then takes at least as long as its images do to read. Every cell
    is a line on stderr once it has been measured.
    """
    measured: dict[str, Measured] = {}
    estimates, data = [], {}
    done, total = 0, sum(len(experiment.cells) for experiment in experiments.values())
    for name, experiment in experiments.items():
        for value in experiment.cells.values():
            cell = parse_cell(value)
            key = json.dumps([asdict(part) for part in (cell.dataset, cell.augmentation)] + _program(cell), default=str)
            done += 1
            if key not in measured:
                measured[key] = measure(cell, steps)
                say(f"{done}/{total} {measured_line(name, cell.name, measured[key])}")
            if cell.dataset.name not in data:
                data[cell.dataset.name] = images_of(cell, stores)
            estimates.append(_added_up(name, cell, len(experiment.all_seeds), measured[key], data[cell.dataset.name]))
    return {
        "cells": [asdict(row) for row in estimates],
        "data": data,
        "at_once": _at_once(gpus),
        "machine": {
            "device": jax.devices()[0].device_kind,
            "cpu": cpu_name(),
            "cores": usable_cores(),
            "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
            "disk_free_bytes": shutil.disk_usage(".").free,
            "load_average": os.getloadavg()[0],
            "versions": versions(),
        },
    }


def measure(cell: Cell, steps: int) -> Measured:
    """Compile the programs of ``cell`` and run ``steps`` steps and an evaluation on random pictures."""
    size = cell.batch_size
    if jax.default_backend() == "cpu":
        size = min(size, max(CPU_BATCH // cell.accumulate, 1) * cell.accumulate)
    cell = replace(cell, batch_size=size)
    jax.clear_caches()  # programs of the cells before are no memory of this one's runs
    gc.collect()
    memory.restart_peak()
    learner = learner_of(cell)
    programs = Programs(cell, learner, steps_per_epoch=steps)
    check_divisible(cell, programs.devices)
    began = time.perf_counter()
    state = programs.init(0)
    batch = programs.place(learner.example_batch(size, training=True))
    state = jax.block_until_ready(programs.train(state, batch))
    compiled = time.perf_counter() - began
    seconds = []
    for _ in range(steps):
        began = time.perf_counter()
        state = jax.block_until_ready(programs.train(state, batch))
        seconds.append(time.perf_counter() - began)
    many = programs.place(learner.example_batch(size * EVAL_FACTOR, training=False))
    jax.block_until_ready(programs.measure(state, many, 0))
    began = time.perf_counter()
    jax.block_until_ready(programs.measure(state, many, 0))
    evaluation = time.perf_counter() - began
    process = memory.peak_bytes()  # before the step is compiled again, to ask for its size
    return Measured(
        batch_size=size,
        compile_seconds=compiled,
        step_seconds=statistics.median(seconds),
        eval_seconds_per_image=evaluation / (size * EVAL_FACTOR),
        memory_bytes=programs.memory(state, batch),
        process_bytes=process,
        state_bytes=_bytes(state),
        weights_bytes=_bytes((state.params, state.rest)),
    )


def images_of(cell: Cell, stores: Path) -> dict:
    """Numbers of images, bytes of the store, and the rate at which it is read where it has been prepared."""
    data, folder = cell.dataset, stores / cell.dataset.name
    try:
        store = opened(cell, folder)
    except ConfigError:
        counts = _published(data)
        return {"images": counts, "prepared": False, "store_bytes": _store_bytes(data, counts), "read": None}
    rate = bench(store, data, min(cell.batch_size, len(store.train)), READ_SECONDS)["splits"]["train"]
    return {
        "images": {"train": len(store.train), "val": len(store.val)},
        "prepared": True,
        "store_bytes": sum(path.stat().st_size for path in folder.iterdir()),
        "read": rate["images_per_second"],
    }


def _published(data: Dataset) -> dict[str, int] | None:
    """Numbers of images of a data set that has not been prepared, as far as they are known."""
    if made := data.scenes or data.recall:
        return {"train": made.train, "val": made.val}
    if data.kind == "sklearn-digits":
        splits = open_raw(data).splits
        kept = data.classes * data.train_per_class
        return {"train": kept, "val": len(splits["val"])}
    if data.images is None:
        return None
    train = data.images["train"] if data.train_per_class is None else data.classes * data.train_per_class
    return {"train": train, "val": data.images["val"]}


def _added_up(experiment: str, cell: Cell, runs: int, measured: Measured, data: dict) -> Estimate:
    share = cell.batch_size / measured.batch_size
    step, counts, steps, seconds = measured.step_seconds * share, data["images"], None, None
    if data["read"]:
        step = max(step, cell.batch_size / data["read"])
    if counts:
        length = length_of(cell, counts["train"] // cell.batch_size)
        steps, evaluations = length.steps, -(-length.steps // (length.period * length.validate_every))
        seconds = measured.compile_seconds + steps * step
        seconds += evaluations * counts["val"] * measured.eval_seconds_per_image
    held = measured.state_bytes
    memory_bytes = round(held + (measured.memory_bytes - held) * max(share / cell.accumulate, 1.0))
    on_host = memory_bytes - measured.memory_bytes if jax.default_backend() == "cpu" else 0
    return Estimate(
        experiment=experiment,
        cell=cell.name,
        runs=runs,
        in_proportion=share != 1,
        steps=steps,
        step_seconds=step,
        images_per_second=cell.batch_size / step,
        input_images_per_second=data["read"],
        run_seconds=seconds,
        memory_bytes=memory_bytes,
        process_bytes=measured.process_bytes + on_host,
        kept_bytes=measured.weights_bytes + held,  # the weights, and a checkpoint while it runs
        measured=measured,
    )


def _program(cell: Cell) -> list:
    """What else decides the programs of a cell."""
    options = (cell.batch_size, cell.accumulate, cell.precision, cell.dropout, cell.stochastic_depth, cell.ema_decay)
    return [cell.model, *options, asdict(cell.optimizer)]


def _store_bytes(data: Dataset, counts: dict[str, int] | None) -> int | None:
    """Of arrays; how large records are, only the files themselves tell."""
    if counts is None or data.store != "array":
        return None
    pixels = {"train": math.prod(sides(data.stored_size)), "val": math.prod(sides(data.image_size))}
    return 3 * sum(counts[split] * count for split, count in pixels.items())


def _bytes(tree: Any) -> int:
    return sum(leaf.nbytes for leaf in jax.tree.leaves(tree))


def _at_once(gpus: int) -> int:
    """Runs that Snakemake starts beside each other: one per core, or per GPU."""
    return usable_cores() if jax.default_backend() == "cpu" else gpus or jax.local_device_count()
