"""A trained network in use: predictions for a person's own pictures, and samples of what it can draw.

A run's ``weights.npz`` lies in the folder of its seed, below that of its cell, whose resolved configuration says what
network they are of and how pictures are prepared for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from train import config
from train.config.cell import Cell, sides
from train.config.printable import shown
from train.config.schema import ConfigError
from train.data.images import Unreadable, central, check_size, decode, fit
from train.data.store import Store
from train.data.tokens import Tokens, tokens_from
from train.step import Programs
from train.tasks import Learner, learner_of, opened, task_of
from train.weights import read_weights

if TYPE_CHECKING:
    from PIL import Image

#: Files beside which weights lie, nearest first.
CELLS = ("cell.json", "settings.json")


@dataclass(frozen=True)
class Wanted:
    """What is asked of a sample: its beginning and length in tokens of a text, how bold, how many, and which seed."""

    prompt: str = ""
    length: int = 400
    temperature: float = 0.8
    count: int = 1
    seed: int = 0


@dataclass(frozen=True)
class Made:
    """What a command prints, and files by what their names end with."""

    text: str
    files: Mapping[str, bytes] = field(default_factory=dict)


class Used:
    """The network of a cell with the weights of a run. ``run(function, *arrays)`` is that of ``Learner.finish``."""

    def __init__(self, cell: Cell, weights: Path, data: Path | None = None) -> None:
        self.cell, self.data = cell, data
        self.learner: Learner = learner_of(cell)
        programs = Programs(cell, self.learner, steps_per_epoch=1)
        advice = f"expected weights.npz of a run of {cell.model}, or another --cell"
        self.weights, self.path = read_weights(weights, advice), weights
        try:
            state = programs.loaded(programs.init(0), self.weights.arrays)
        except ValueError as error:
            raise ConfigError(f"{shown(weights, 300)}: not weights of {cell.model} ({error}); {advice}") from None
        self.run: Callable = programs.run(state)

    def store(self) -> Store:
        """The prepared data; raises :class:`ConfigError` where they are not there."""
        return opened(self.cell, self.data or Path("data/prepared") / self.cell.dataset.name)

    @cached_property
    def class_names(self) -> tuple[str, ...]:
        """Those that the weights have, or those of the data set where it is prepared, and numbers elsewhere."""
        if self.weights.names is not None:
            return self.weights.names
        try:
            return self.store().class_names
        except ConfigError:
            return tuple(map(str, range(self.cell.dataset.classes)))

    @cached_property
    def tokens(self) -> Tokens:
        """The alphabet that the weights have, or that of the prepared text; raises :class:`ConfigError` without it."""
        if self.weights.names is None:
            return self.store().tokens
        return tokens_from(self.weights.names, self.weights.tokenizer, shown(self.path, 300))

    def view(self, image: Image.Image) -> np.ndarray:
        """A picture as validation pictures of the data set are prepared, uint8 ``(height, width, 3)``."""
        data = self.cell.dataset
        if data.store == "records":
            return central(image, data.image_size, sides(data.image_size)[0] / sides(data.stored_size)[0])
        return fit(image, data.image_size)


def cell_beside(weights: Path) -> Path:
    """The resolved cell of a run's weights. Raises :class:`ConfigError` where it does not lie beside them."""
    for name in CELLS:
        if (path := weights.absolute().parent.parent / name).exists():
            return path
    raise ConfigError(
        f"{shown(weights, 300)}: neither {' nor '.join(CELLS)} in the folder above that of the weights, expected --cell"
    )


def used(weights: Path, cell: Path | None, data: Path | None) -> Used:
    """A network ready for use. Raises :class:`ConfigError` for what is missing or does not belong together."""
    return Used(config.read_cell(cell or cell_beside(weights)), weights, data)


def made(network: Used, command: str, *request: Any) -> Made:
    """What ``command``, ``predict`` or ``sample``, makes of a request. Raises :class:`ConfigError` for another task."""
    task = task_of(network.cell)
    if not (place := getattr(task, command)):
        raise ConfigError(f"{network.cell.name}: task {task.name} has nothing to {command}")
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)(network, *request)


def picture(path: Path) -> Image.Image:
    """A picture file as RGB, upright. Raises :class:`ConfigError` where it is none."""
    try:
        check_size(path.stat().st_size)
        return decode(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"{shown(path, 300)}: cannot be read ({error.strerror}), expected a picture") from None
    except Unreadable as error:
        raise ConfigError(f"{shown(path, 300)}: {error}, expected a picture") from None
