"""Classification of pictures: one label for each, judged by the share of validation pictures that get theirs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netspec import NetSpec, SpecError
from netspec.catalogue.vit import is_vit
from train.config.cell import Cell, sides
from train.config.datasets import check_crop
from train.config.models import model_of
from train.config.places import Places
from train.config.printable import escaped
from train.config.schema import ConfigError
from train.tasks.base import Metric, Task
from train.tasks.checks import check_stored


def spec(cell: Cell) -> NetSpec:
    """The network with as many classes as the data set has."""
    return model_of(cell.model).with_classes(cell.dataset.classes)


def check(cell: Mapping[str, Any], places: Places) -> None:
    """Raise :class:`ConfigError` unless the network takes the pictures and the augmentations go together."""
    dataset, augmentation = cell["dataset"], cell["augmentation"]
    check_stored(dataset, places)
    if augmentation["semantics"] == "book" and augmentation["mixup"] and augmentation["cutmix"]:
        raise ConfigError(
            f"{places.cell}.augmentation: both mixup and cutmix, expected one of them: the book's kernels apply only "
            "one per batch; set semantics: paper to choose between them at random, or imagenet to alternate"
        )
    check_crop(dataset, augmentation, places.dataset, places.cell)
    erasing = augmentation["erasing"] or {}
    for key in ("area", "aspect"):
        low, high = erasing.get(key, (0, 1))
        if low > high:
            raise ConfigError(
                f"{places.cell}.augmentation: key 'erasing.{key}' is [{low}, {high}], expected smallest first"
            )
    _check_model(cell, places)


def _check_model(cell: Mapping[str, Any], places: Places) -> None:
    dataset = cell["dataset"]
    try:
        network = model_of(cell["model"]).with_classes(dataset["classes"])
    except SpecError as error:
        raise ConfigError(f"{places.model}: key 'model': {escaped(str(error))}") from None
    if cell["initialization"] == "book-faulty" and not is_vit(network):
        raise ConfigError(
            f"{places.model}: key 'initialization' is \"book-faulty\", which is not defined for {network.name}, "
            "expected another one or a Vision Transformer as model"
        )
    size = sides(dataset["image_size"])
    if network.input_shape in ((*size, 3), (*size, 1)) and not network.extra_inputs:
        return
    wrong = f"{places.model}: key 'model': {network.name} takes {network.input_shape}"
    if len(network.input_shape) != 3 or network.input_shape[2] not in (1, 3) or network.extra_inputs:
        raise ConfigError(f"{wrong}, expected a network that takes one picture of 1 or 3 channels")
    height, width, _ = network.input_shape
    raise ConfigError(
        f"{wrong}, expected {(*size, network.input_shape[2])}; set image_size in {places.dataset} "
        f"to {height if height == width else [height, width]} or name another model"
    )


CLASSIFICATION = Task(
    name="classification",
    metrics=(
        Metric("top1", "top-1", "%", "up", of_examples=True),
        Metric("top5", "top-5", "%", "up", of_examples=True),
        Metric("loss", "cross-entropy", "nats", "down"),
    ),
    spec=spec,
    check=check,
    learner="train.tasks.classification.learner:Classifier",
    reads=("label",),
    predict="train.tasks.classification.predict:predict",
)
