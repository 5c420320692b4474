"""Prepare data sets, and time how they are read."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from netspec.ownership import check_apart
from train import config
from train.commands.options import data_option, parent_option
from train.config import limits


def add(commands: Any) -> None:
    """Add these commands to those of a command line."""
    command = commands.add_parser("prepare", help="decode and resize a data set once")
    command.add_argument("--dataset", type=Path, required=True, help="a file of config/datasets, or a resolved cell")
    command.add_argument("--out", type=Path, required=True, help="folder of the prepared store")
    command.add_argument(
        "--downloads", type=Path, default=Path("data/downloads"), help="folder of archives (default data/downloads)"
    )
    parent_option(command)
    command.set_defaults(run=prepare)

    command = commands.add_parser("bench-input", help="images per second that a prepared store delivers, as JSON")
    command.add_argument("--dataset", type=Path, required=True, help="a file of config/datasets, or a resolved cell")
    data_option(command)
    command.add_argument("--batch-size", type=limits.count, default=256, help="images per batch (default 256)")
    command.add_argument("--seconds", type=limits.seconds, default=10, help="how long to read each split (default 10)")
    command.set_defaults(run=bench_input)


def prepare(options: argparse.Namespace) -> int:
    """Write a prepared store."""
    from train.data.prepare import prepare

    dataset, _ = config.read_dataset(options.dataset)
    check_apart({"--out": options.out}, {"--dataset": options.dataset})
    about = prepare(dataset, options.out, options.downloads)
    counts = ", ".join(f"{part['length']:,} {split}" for split, part in about["splits"].items())
    print(f"{about['name']}: {counts} {'tokens' if dataset.text else 'images'} in {options.out}")
    return 0


def bench_input(options: argparse.Namespace) -> int:
    """Print how fast a store is read."""
    dataset, crop = config.read_dataset(options.dataset)
    from train.data.store import open_store
    from train.measure.input import bench

    store = open_store(options.data or Path("data/prepared") / dataset.name, dataset, crop)
    print(json.dumps(bench(store, dataset, options.batch_size, options.seconds), indent=2))
    return 0
