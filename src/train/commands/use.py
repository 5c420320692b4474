"""Use what was trained, and look at what is trained on."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from netspec.ownership import reading, write_all
from train import config
from train.commands.options import data_folder, data_option, store, weights_option
from train.config import limits
from train.config.schema import ConfigError


def add(commands: Any) -> None:
    """Add these commands to those of a command line."""
    command = commands.add_parser("predict", help="what a trained network says of your own pictures")
    weights_option(command)
    command.add_argument("pictures", type=Path, nargs="+", metavar="PICTURE", help="picture files")
    command.add_argument("--out", type=Path, default=Path(), help="folder for what is drawn (default: this one)")
    command.set_defaults(run=predict)

    command = commands.add_parser("sample", help="texts or pictures drawn from a trained network")
    weights_option(command)
    command.add_argument("--prompt", default="", help="how a text begins")
    command.add_argument("--length", type=limits.count, default=400, help="tokens that are added (default 400)")
    command.add_argument("--temperature", type=limits.temperature, default=0.8, help="0 is timid, 1 as learned (0.8)")
    command.add_argument("--count", type=limits.whole(1, 10_000), default=1, help="how many (default 1)")
    command.add_argument("--seed", type=limits.seed, default=0, help="another one draws others (default 0)")
    command.add_argument("--out", type=Path, default=Path(), help="folder for pictures (default: this one)")
    command.set_defaults(run=sample)

    command = commands.add_parser("preview", help="pictures of augmented training samples, as the network sees them")
    command.add_argument("--cell", type=Path, required=True, nargs="+", help="resolved cell files")
    data_option(command)
    command.add_argument("--out", type=Path, required=True, help="folder for one <cell>.png per cell")
    command.add_argument("--rows", type=limits.whole(1, 100), default=4, help="rows of samples (default 4)")
    command.add_argument("--columns", type=limits.whole(1, 100), default=8, help="samples in a row (default 8)")
    command.add_argument("--seed", type=limits.seed, default=0, help="seed of the samples (default 0)")
    command.set_defaults(run=preview)


def predict(options: argparse.Namespace) -> int:
    """Print what a network says of pictures, and write what it draws."""
    network = _used(options)
    from train.use import made, picture

    opened = [picture(path) for path in options.pictures]
    with reading([options.weights, *options.pictures]):
        for path, image in zip(options.pictures, opened, strict=True):
            found = made(network, "predict", image)
            print(f"{path}:\n{found.text}" if len(opened) > 1 else found.text)
            _write(options.out, path.stem, found)
    return 0


def sample(options: argparse.Namespace) -> int:
    """Print a text, or write pictures, drawn from a network."""
    network = _used(options)
    from train.use import Wanted, made

    wanted = {key: getattr(options, key) for key in ("prompt", "length", "temperature", "count", "seed")}
    found = made(network, "sample", Wanted(**wanted))
    print(found.text)
    with reading([options.weights]):
        _write(options.out, "sample", found)
    return 0


def _used(options: argparse.Namespace) -> Any:
    """The network of a command's options, on one CPU device or on the GPUs that there are."""
    from train.machine.runtime import start_jax

    start_jax()
    from train.use import used

    return used(options.weights, options.cell, options.data)


def _write(folder: Path, stem: str, found: Any) -> None:
    """The files of a prediction or sample, whose places are said."""
    if found.files:
        write_all({folder / f"{stem}{end}": content for end, content in found.files.items()})
        print(*(folder / f"{stem}{end}" for end in found.files), sep="\n")


def preview(options: argparse.Namespace) -> int:
    """Write a picture of augmented samples for each cell."""
    cells = [config.read_cell(path) for path in options.cell]
    from train.machine.runtime import start_jax

    start_jax()
    from train.measure.preview import preview

    inputs = [*options.cell, *(data_folder(cell, options) for cell in cells)]
    names = [cell.name for cell in cells]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"--cell: {names.count(name)} cells are called {name!r}, expected a picture for each")
    with reading(inputs):
        for cell in cells:
            path = options.out / f"{cell.name}.png"
            preview(cell, store(cell, options), path, rows=options.rows, columns=options.columns, seed=options.seed)
            print(path)
    return 0
