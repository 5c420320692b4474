"""Show what is configured, follow runs, and run trials."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from netspec.ownership import check_apart
from train import config
from train.commands.options import parent_option
from train.config import limits
from train.config.schema import ConfigError, load_mapping


def add(commands: Any) -> None:
    """Add these commands to those of a command line."""
    command = commands.add_parser("show", help="print the resolved configuration of a cell; save it to use with fit")
    command.add_argument("name", nargs="?", type=limits.name, help="cell name; without it, all cells are listed")
    command.add_argument("--config", type=Path, default=Path("config/config.yaml"), help="default config/config.yaml")
    command.add_argument("--experiment", type=limits.name, help="default: the main one of the configuration")
    command.add_argument("--dataset", type=limits.name, help="instead of the one in the configuration")
    command.add_argument(
        "--semantics", choices=("book", "imagenet", "paper"), help="instead of those in the configuration"
    )
    command.set_defaults(run=show)

    command = commands.add_parser("watch", help="curves of runs, while they go on and when they have finished")
    command.add_argument("results", type=Path, metavar="RESULTS", help="folder of one run or of many, such as results")
    command.add_argument("--once", action="store_true", help="look once, and not until it is interrupted")
    command.add_argument("--every", type=limits.seconds, default=2, help="seconds between two looks (default 2)")
    command.add_argument(
        "--tensorboard", type=Path, metavar="DIR", help="write the curves as event files, too, a folder for each run"
    )
    command.set_defaults(run=watch)

    command = commands.add_parser(
        "trial", help="run the methods of a file in config/trials; run again to continue where it stopped"
    )
    command.add_argument("trial", type=Path, metavar="YAML", help="a file such as config/trials/few-shot.yaml")
    command.add_argument("--out", type=Path, required=True, metavar="JSON", help="what every run measured")
    command.add_argument("--cache", type=Path, required=True, metavar="DIR", help="folder for what is finished of it")
    command.add_argument("--smoke", action="store_true", help="a few steps and two seeds, to see that everything runs")
    command.add_argument("--jobs", type=limits.count, default=1, help="processes that share the variants (default 1)")
    parent_option(command)
    command.set_defaults(run=trial)


def show(options: argparse.Namespace) -> int:
    """Print a resolved cell, or the names of all."""
    chosen = {key: getattr(options, key) for key in ("dataset", "semantics") if getattr(options, key)}
    settings = load_mapping(options.config)
    name = options.experiment or settings.get("main", config.MAIN)
    if chosen and isinstance(settings.setdefault(name, {}), dict):
        settings[name] |= chosen
    experiment = config.load_experiment(settings, options.config.parent, name)
    if options.name is None:
        for cell in experiment.cells.values():
            print(f"{cell['name']:16} {cell['description']}")
        return 0
    if options.name not in experiment.cells:
        raise ConfigError(f"no cell {options.name!r}, expected one of {', '.join(experiment.cells)}")
    print(config.cell_json(experiment.cells[options.name]))
    return 0


def watch(options: argparse.Namespace) -> int:
    """Show curves until interrupted."""
    from train.watch.command import watch

    watch(options.results, options.once, options.every, options.tensorboard)
    return 0


def trial(options: argparse.Namespace) -> None:
    """Run a trial."""
    from train.trials import command

    check_apart({"--out": options.out, "--cache": options.cache}, {"the trial": options.trial})
    command.run(options.trial, options.out, options.cache, smoke=options.smoke, jobs=options.jobs)
