"""Segmentation: a class for every pixel, judged by the overlap of what is said with what is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from netspec import NetSpec, SpecError
from netspec.layers import Conv2d
from train.config.cell import Cell, sides
from train.config.models import model_of
from train.config.places import Places
from train.config.printable import escaped
from train.config.schema import ConfigError
from train.tasks.base import Metric, Task
from train.tasks.checks import check_off, check_plain, check_stored

#: Augmentations that masks do not follow.
PICTURES_ONLY = ("mixup", "cutmix", "erasing", "randaugment", "random_resized_crop")


def with_pixel_classes(network: NetSpec, classes: int) -> NetSpec:
    """The same network with scores of as many classes for each pixel. Raises :class:`SpecError` where it has none."""
    *body, head = network.layers
    shape = network.output_shape
    if not isinstance(head, Conv2d) or not isinstance(shape, tuple) or shape[:2] != network.input_shape[:2]:
        raise SpecError(
            f"{network.name}: ends in {head} and leaves {shape}, expected scores for every pixel of "
            f"{network.input_shape[:2]} from Conv2d"
        )
    if head.out_channels == classes:
        return network
    return replace(network, layers=(*body, replace(head, out_channels=classes)))


def spec(cell: Cell) -> NetSpec:
    """The network with as many classes of pixels as the data set has."""
    return with_pixel_classes(model_of(cell.model), cell.dataset.classes)


def check(cell: Mapping[str, Any], places: Places) -> None:
    """Raise :class:`ConfigError` unless the network takes the pictures, and masks can follow the augmentation."""
    dataset = cell["dataset"]
    try:
        network = with_pixel_classes(model_of(cell["model"]), dataset["classes"])
    except SpecError as error:
        raise ConfigError(f"{places.model}: key 'model': {escaped(str(error))}") from None
    size = sides(dataset["image_size"])
    if network.input_shape != (*size, 3) or network.extra_inputs:
        raise ConfigError(
            f"{places.model}: key 'model': {network.name} takes {network.input_shape}, expected {(*size, 3)}; set "
            f"image_size in {places.dataset} or name another model"
        )
    check_stored(dataset, places)
    check_off(cell, places, PICTURES_ONLY, "is for pictures with labels, expected it off")
    check_plain(cell, places)


SEGMENTATION = Task(
    name="segmentation",
    metrics=(
        Metric("miou", "mean IoU", "%", "up"),
        Metric("dice", "mean Dice", "%", "up"),
        Metric("accuracy", "pixel accuracy", "%", "up"),
        Metric("loss", "cross-entropy", "nats", "down"),
    ),
    spec=spec,
    check=check,
    learner="train.tasks.segmentation.learner:Segmenter",
    files=("classes.csv", "pictures.png"),
    reads=("mask",),
    predict="train.tasks.segmentation.predict:predict",
)
