"""Options that several commands share, and the prepared store that they name."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from train.config import limits
from train.config.cell import Cell


def cell_option(parser: argparse.ArgumentParser) -> None:
    """A resolved cell and its data."""
    parser.add_argument("--cell", type=Path, required=True, help="resolved cell file (JSON), see `show`")
    data_option(parser)


def weights_option(parser: argparse.ArgumentParser) -> None:
    """Weights of a run, its cell and its data."""
    parser.add_argument("--weights", type=Path, required=True, help="weights.npz of a run")
    parser.add_argument("--cell", type=Path, help="resolved cell file (default: the one beside the run)")
    data_option(parser)


def data_option(parser: argparse.ArgumentParser) -> None:
    """The prepared store."""
    parser.add_argument("--data", type=Path, help="prepared store, or its store.json (default data/prepared/<dataset>)")


def parent_option(parser: argparse.ArgumentParser) -> None:
    """The process that the command ends with."""
    parser.add_argument(
        "--parent",
        type=limits.count,
        metavar="PID",
        help="stop, as after SIGTERM, when this process, the starting one, ends",
    )


def store(cell: Cell, options: argparse.Namespace) -> Any:
    """The examples of a cell, in the store that ``--data`` names."""
    from train.tasks import opened

    return opened(cell, data_folder(cell, options))


def data_folder(cell: Cell, options: argparse.Namespace) -> Path:
    """The folder of the prepared store, which ``--data`` names by itself or by its ``store.json``."""
    folder = options.data or Path("data/prepared") / cell.dataset.name
    return folder.parent if folder.name == "store.json" else folder
