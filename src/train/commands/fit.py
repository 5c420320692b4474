"""Train runs, and score what they left."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from train import config, destination
from train.commands.options import cell_option, data_folder, data_option, parent_option, store
from train.config import limits
from train.config.schema import ConfigError, naming
from train.machine import gpus


def add(commands: Any) -> None:
    """Add these commands to those of a command line."""
    command = commands.add_parser(
        "fit",
        help="train a cell with one seed, or several; run again to continue where it stopped",
        epilog="Exit status: 0 when results are written, also of a run that diverged, which summary.json says; 2 for a "
        "mistake in what was given; 128 + signal when stopped.",
    )
    command.add_argument(
        "--cell",
        type=Path,
        required=True,
        nargs="+",
        help="resolved cell file (JSON), see `show`; with several, or several seeds, all are trained in this process, "
        "and --out and --checkpoints name {cell} and {seed}",
    )
    data_option(command)
    command.add_argument(
        "--seed", type=limits.seed, required=True, nargs="+", help="decides initial weights, order and augmentation"
    )
    command.add_argument("--out", type=Path, required=True, help="folder for metrics.csv, weights.npz, summary.json")
    command.add_argument(
        "--checkpoints", type=Path, required=True, help="folder for checkpoints, which are removed at the end"
    )
    command.add_argument("--again", action="store_true", help="train, and replace the results that are in --out")
    command.add_argument(
        "--gpus", type=limits.gpus, default="all", help="GPUs to claim for this run: a number, or all (the default)"
    )
    command.add_argument(
        "--distributed", action="store_true", help="as one of the processes of a Slurm or Open MPI job"
    )
    command.add_argument(
        "--coordinator",
        type=limits.address,
        metavar="HOST:PORT",
        help="as one of several processes: where process 0 listens",
    )
    command.add_argument("--processes", type=limits.count, metavar="N", help="how many there are")
    command.add_argument("--process-id", type=limits.whole(0, 1_000_000), metavar="I", help="which one this is, from 0")
    parent_option(command)
    command.set_defaults(run=fit)

    command = commands.add_parser("evaluate", help="score saved weights on every validation image")
    cell_option(command)
    command.add_argument("--weights", type=Path, required=True, help="weights.npz of a run")
    command.set_defaults(run=evaluate)


def fit(options: argparse.Namespace) -> int:
    """Train one run, or several; a run that diverges is a result, too."""
    if len(options.cell) > 1 or len(options.seed) > 1 or "{" in f"{options.out}{options.checkpoints}":
        return _several(options)
    cell, seed = config.read_cell(options.cell[0]), options.seed[0]
    inputs = {"--cell": options.cell[0], "--data": data_folder(cell, options)}
    if cell.start is not None:
        inputs["key 'start'"] = cell.start.path(seed)
    destination.check_places(options.out, options.checkpoints, inputs)
    meeting = options.coordinator, options.processes, options.process_id
    joined = options.distributed or meeting != (None, None, None)
    if not joined and destination.is_used(options.out):  # several processes look together, when they have met
        from train.tasks import task_of

        fingerprint = destination.run_fingerprint(cell, seed, store(cell, options))
        destination.look(options.out, fingerprint, task_of(cell).files, again=options.again)
    claimed = gpus.claim(options.gpus)
    from train.machine import processes
    from train.machine.devices import cpu_devices
    from train.machine.runtime import start_jax

    if joined:
        processes.join(*meeting, gpus=len(claimed))
    start_jax(cpu_devices=1 if joined else cpu_devices(cell), gpus=options.gpus)
    from train.loop import Interrupted, fit
    from train.outcome import headline

    try:
        with naming(options.cell[0]):
            summary = fit(cell, seed, store(cell, options), options.out, options.checkpoints, options.again)
    except Interrupted as stopped:
        print(stopped, file=sys.stderr)
        return 128 + stopped.signum
    if processes.is_first():
        print(headline(summary))
    return 0


def _several(options: argparse.Namespace) -> int:
    """Train every cell with every seed in this process."""
    from train.several import fit_all, jobs

    if options.distributed or (options.coordinator, options.processes, options.process_id) != (None, None, None):
        raise ConfigError("--distributed, --coordinator: one run, expected one --cell and one --seed")
    cells = [config.read_cell(path) for path in options.cell]
    runs = jobs(cells, options.seed, str(options.out), str(options.checkpoints))
    for run in runs:
        inputs = {f"--cell {path}": path for path in options.cell} | {"--data": data_folder(run.cell, options)}
        if run.cell.start is not None:
            inputs["key 'start'"] = run.cell.start.path(run.seed)
        destination.check_places(run.out, run.checkpoints, inputs)
    gpus.claim(options.gpus)
    from train.machine.devices import cpu_devices
    from train.machine.runtime import start_jax

    counts = {cell.name: cpu_devices(cell) for cell in cells}
    if len(set(counts.values())) > 1:  # jax can be told once, and a run of its own would compute on its own number
        raise ConfigError(
            f"--cell: cells compute on different numbers of cores ({counts}), expected calls of their own"
        )
    start_jax(cpu_devices=counts[cells[0].name], gpus=options.gpus)
    from train.loop import Interrupted

    try:
        fit_all(runs, lambda cell: store(cell, options), again=options.again)
    except Interrupted as stopped:
        print(stopped, file=sys.stderr)
        return 128 + stopped.signum
    return 0


def evaluate(options: argparse.Namespace) -> int:
    """Print the metrics of saved weights as JSON."""
    cell = config.read_cell(options.cell)
    from train.machine.devices import cpu_devices
    from train.machine.runtime import start_jax

    start_jax(cpu_devices=cpu_devices(cell))
    from train.loop import evaluate_weights

    print(json.dumps(evaluate_weights(cell, options.weights, store(cell, options)), indent=2))
    return 0
