"""Diffusion: the noise that was added to a picture, judged by pictures that are drawn by taking it away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netspec import NetSpec, SpecError
from train.config.cell import Cell, sides
from train.config.models import model_of
from train.config.places import Places
from train.config.printable import escaped
from train.config.schema import ConfigError
from train.tasks.base import Metric, Task
from train.tasks.checks import check_off, check_plain

#: Planes that a network may be given behind a picture: none, t/T, sines and cosines.
PLANES = (0, 1, 8)
#: Names of a network's further inputs that are known here.
INPUTS = ((), ("time",))


def spec(cell: Cell) -> NetSpec:
    """The network as it is: it has no classes."""
    return model_of(cell.model)


def check(cell: Mapping[str, Any], places: Places) -> None:
    """Raise :class:`ConfigError` unless the network takes the pictures with the time and leaves what it takes away."""
    dataset, augmentation = cell["dataset"], cell["augmentation"]
    try:
        network = model_of(cell["model"])
    except SpecError as error:
        raise ConfigError(f"{places.model}: key 'model': {escaped(str(error))}") from None
    size, leaves = sides(dataset["image_size"]), network.output_shape
    named = tuple(name for name, _ in network.extra_inputs)
    fits = len(network.input_shape) == 3 and network.input_shape[:2] == size and named in INPUTS
    channels = leaves[2] if isinstance(leaves, tuple) and len(leaves) == 3 and leaves[:2] == size else 0
    if not fits or channels not in (1, 3) or network.input_shape[2] - channels not in PLANES:
        raise ConfigError(
            f"{places.model}: key 'model': {network.name} takes {network.input_shape} and leaves {leaves}, expected "
            f"noise of {size} pixels in 1 or 3 channels, and as many to come in, with 0, 1 or 8 planes of time behind"
        )
    if sides(dataset["stored_size"]) != size and not augmentation["random_crop"]:
        raise ConfigError(
            f"{places.dataset}: key 'stored_size' is {dataset['stored_size']}, expected image_size "
            f"({dataset['image_size']}), or random_crop: true"
        )
    knobs = ("mixup", "cutmix", "erasing", "randaugment", "colour_jitter")
    check_off(cell, places, knobs, "changes what is to be drawn, expected it off")
    check_plain(cell, places)


DIFFUSION = Task(
    name="diffusion",
    metrics=(
        Metric("frechet_ratio", "Fréchet ratio", "", "down"),
        Metric("frechet", "Fréchet distance", "", "down"),
        Metric("coverage", "samples in the rarest class", "", "up"),
        Metric("copies", "copies", "%", "down"),
        Metric("loss", "noise error", "", "down"),
    ),
    spec=spec,
    check=check,
    learner="train.tasks.diffusion.learner:Denoiser",
    files=("samples.png", "trajectory.png", "neighbours.png", "error_by_time.csv", "judged.csv"),
    reads=("label",),
    sample="train.tasks.diffusion.sample:sample",
)
