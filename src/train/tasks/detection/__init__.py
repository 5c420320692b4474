"""Detection: boxes with classes around the objects of a picture, judged by mean average precision."""

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
from train.tasks.checks import check_off, check_stored
from train.tasks.detection.head import with_boxes

#: Augmentations that have no meaning for boxes here.
FOREIGN = ("mixup", "cutmix", "erasing", "randaugment", "random_resized_crop")


def spec(cell: Cell) -> NetSpec:
    """The network with a head of two boxes and the data set's classes per cell, and no flattening behind it."""
    return with_boxes(model_of(cell.model), cell.dataset.classes)


def check(cell: Mapping[str, Any], places: Places) -> None:
    """Raise :class:`ConfigError` unless the network takes the pictures and leaves a grid of cells, and nothing is asked
    of the pictures that boxes cannot follow.
    """
    dataset = cell["dataset"]
    if dataset.get("store", "array") != "array":
        raise ConfigError(
            f"{places.dataset}: key 'store' is {dataset['store']}, expected array: boxes are of whole pictures"
        )
    check_stored(dataset, places)
    if cell.get("task_settings", {}).get("mosaics") and any(side % 2 for side in sides(dataset["image_size"])):
        raise ConfigError(
            f"{places.dataset}: key 'image_size' is {dataset['image_size']}, expected even numbers for mosaics (key "
            "'task_settings.mosaics')"
        )
    check_off(cell, places, FOREIGN, "is set, expected null: boxes follow random_crop and horizontal_flip only")
    if cell["initialization"] == "book-faulty":
        raise ConfigError(
            f"{places.model}: key 'initialization' is \"book-faulty\", expected another one: it is defined for Vision "
            "Transformers only"
        )
    _check_model(cell["model"], dataset, places)


def _check_model(model: str, dataset: Mapping[str, Any], places: Places) -> None:
    try:
        network = with_boxes(model_of(model), dataset["classes"])
    except SpecError as error:
        raise ConfigError(f"{places.model}: key 'model': {escaped(str(error))}") from None
    wanted = (*sides(dataset["image_size"]), 3)
    if network.input_shape != wanted or network.extra_inputs:
        height, width = network.input_shape[:2] if len(network.input_shape) == 3 else wanted[:2]
        raise ConfigError(
            f"{places.model}: key 'model': {network.name} takes {network.input_shape}, expected {wanted}; set "
            f"image_size in {places.dataset} to {height if height == width else [height, width]} or name another model"
        )


DETECTION = Task(
    name="detection",
    metrics=(
        Metric("map50", "mAP@0.5", "%", "up"),
        Metric("map75", "mAP@0.75", "%", "up"),
        Metric("map", "mAP@0.5:0.95", "%", "up"),
        Metric("voc07", "VOC 2007 mAP", "%", "up"),
        Metric("voc", "VOC mAP", "%", "up"),
        Metric("map50_part", "mAP@0.5 of the first 100 pictures", "%", "up"),
        Metric("loss", "loss", "", "down"),
        Metric("objectness_object", "objectness at objects", "", "up"),
        Metric("objectness_empty", "objectness elsewhere", "", "down"),
    ),
    spec=spec,
    check=check,
    learner="train.tasks.detection.learner:Detector",
    files=("detections.json", "pictures.png", "classes.csv", "calibration.csv"),
    reads=("boxes",),
    predict="train.tasks.detection.predict:predict",
)
