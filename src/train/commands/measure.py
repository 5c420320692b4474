"""Time steps, beside PyTorch's, in turns and at growing length; estimate whole configurations."""

from __future__ import annotations

import argparse
import json
import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from train import config
from train.config import limits
from train.config.printable import shown
from train.config.schema import ConfigError, load_mapping, parse
from train.machine import gpus


def add(commands: Any) -> None:
    """Add these commands to those of a command line."""
    command = commands.add_parser("bench-step", help="time of training steps beside PyTorch's, as JSON")
    command.add_argument("--cell", type=Path, required=True, help="resolved cell file (JSON), see `show`")
    command.add_argument("--batch-size", type=limits.count, help="images per step (default: the cell's)")
    command.add_argument(
        "--rounds", type=limits.count, default=4, help="steps of each that are timed per start (default 4)"
    )
    command.add_argument(
        "--starts", type=limits.count, default=3, help="times that both processes are started (default 3)"
    )
    command.set_defaults(run=bench_step)

    command = commands.add_parser("fit-torch", help="language models trained in PyTorch on the same batches, as JSON")
    command.add_argument("--cell", type=Path, required=True, nargs="+", help="resolved cell files (JSON), see `show`")
    command.add_argument(
        "--seed", type=limits.seed, required=True, nargs="+", metavar="K", help="which order of batches"
    )
    command.add_argument("--data", type=Path, required=True, help="the prepared text")
    command.add_argument("--threads", type=limits.count, default=1, help="threads of PyTorch (default 1)")
    command.set_defaults(run=fit_torch)

    command = commands.add_parser("bench-turns", help="time of a training step of each of several cells, as JSON")
    command.add_argument(
        "--cell", type=Path, required=True, nargs="+", help="resolved cell files, …/<results>/<cell>/…"
    )
    command.set_defaults(run=bench_turns)

    command = commands.add_parser("bench-lengths", help="what attentions cost at growing length, as JSON")
    command.add_argument(
        "--cell", type=Path, required=True, nargs="+", help="resolved cell files, one for each variant"
    )
    command.add_argument("--names", type=limits.name, nargs="+", help="what to call them (default: names of the cells)")
    command.add_argument("--lengths", type=limits.count, required=True, nargs="+", help="numbers of tokens")
    command.set_defaults(run=bench_lengths)

    command = commands.add_parser("estimate", help="how long the runs of a configuration take here, and what they need")
    command.add_argument("--config", type=Path, default=Path("config/config.yaml"), help="default config/config.yaml")
    command.add_argument("--experiment", type=limits.name, action="append", help="only this one; repeat for several")
    command.add_argument("--set", nargs="+", default=[], metavar="KEY=VALUE", help="keys of the configuration")
    command.add_argument("--steps", type=limits.count, default=4, help="steps that are timed (default 4)")
    command.add_argument("--data", type=Path, default=Path("data/prepared"), help="folder of the prepared stores")
    command.add_argument("--json", action="store_true", help="everything, for programs")
    command.set_defaults(run=estimate)


def bench_step(options: argparse.Namespace) -> int:
    """Print the times of steps beside those of PyTorch."""
    cell = config.read_cell(options.cell)
    from train.measure.step import bare, bench

    gpus.claim(1)
    print(json.dumps(bench(bare(cell, options.batch_size), options.rounds, options.starts), indent=2))
    return 0


def fit_torch(options: argparse.Namespace) -> int:
    """Print the results of language models trained in PyTorch."""
    if find_spec("torch") is None:
        raise ConfigError("PyTorch is not installed, expected it beside jax: pip install -e '.[bench]'")
    from train.measure.torch_text import fit
    from train.provenance import cpu_name
    from train.tasks import opened

    cells = [config.read_cell(path) for path in options.cell]
    runs = [fit(cell, seed, opened(cell, options.data), options.threads) for cell in cells for seed in options.seed]
    print(json.dumps({"runs": runs, "cpu": cpu_name()}, indent=2))
    return 0


def bench_turns(options: argparse.Namespace) -> int:
    """Print the times of steps taken in turns."""
    cells = [(f"{path.parent.parent.name}/{path.parent.name}", config.read_cell(path)) for path in options.cell]
    gpus.claim(1)
    from train.machine.runtime import start_jax

    start_jax(cpu_devices=1)
    from train.measure.turns import measure

    print(json.dumps(measure(cells), indent=2))
    return 0


def bench_lengths(options: argparse.Namespace) -> int:
    """Print what attentions cost at growing length."""
    cells = [config.read_cell(path) for path in options.cell]
    names = options.names or [cell.name for cell in cells]
    if len(names) != len(cells) or len({*names}) < len(names):
        raise ConfigError(
            f"--names: arrived {len({*names})} names, expected another one for each of {len(cells)} cells"
        )
    gpus.claim(1)
    from train.machine.runtime import start_jax

    start_jax(cpu_devices=1)
    from train.measure.lengths import measure

    print(json.dumps(measure(dict(zip(names, cells, strict=True)), options.lengths), indent=2))
    return 0


def estimate(options: argparse.Namespace) -> int:
    """Print how long a configuration takes here."""
    settings = load_mapping(options.config)
    for text in options.set:
        key, given, value = text.partition("=")
        if not given:
            raise ConfigError(f"--set {shown(text)}: expected KEY=VALUE")
        settings[key] = parse(value, f"--set {shown(key)}")
    experiments = config.load_experiments(settings, options.config.parent)
    unknown = set(options.experiment or ()) - experiments.keys()
    if unknown:
        raise ConfigError(f"--experiment {min(unknown)}: expected one of {', '.join(experiments)}")
    chosen = {
        name if part is experiments[name] else f"{name}/{part.label}": part
        for name in options.experiment or experiments
        for part in experiments[name].parts
    }
    os.environ.setdefault("PJRT_NPROC", "1")  # as the workflow's jobs run on a CPU
    here = len(gpus.visible())
    gpus.claim(1)
    from train.machine.runtime import start_jax

    start_jax(gpus=min(here, 1))
    from train.measure.estimate import estimate
    from train.measure.estimate_text import as_text

    found = estimate(chosen, options.steps, options.data, here)
    print(json.dumps(found, indent=2) if options.json else as_text(found))
    return 0
