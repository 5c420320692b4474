"""What no schema of one file can see: keys that contradict each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import netspec
from netspec.catalogue.vit import is_vit
from train.config import datasets
from train.config.models import model_of
from train.config.printable import escaped
from train.config.schema import ConfigError


def check_together(cell: dict[str, Any], where: str, recipe_file: str, dataset_file: str, model_file: str) -> None:
    """What no schema of one file can see: keys that contradict each other. ``model_file`` is where the model stands."""
    dataset, augmentation = cell["dataset"], cell["augmentation"]
    if dataset["stored_size"] < dataset["image_size"]:
        raise ConfigError(
            f"{dataset_file}: key 'stored_size' is {dataset['stored_size']}, "
            f"expected at least image_size ({dataset['image_size']})"
        )
    if cell["schedule"]["warmup_epochs"] >= cell["epochs"]:
        raise ConfigError(
            f"{recipe_file}: key 'schedule.warmup_epochs' is {cell['schedule']['warmup_epochs']}, "
            f"expected fewer than epochs ({cell['epochs']})"
        )
    if dataset["train_per_class"] and cell["batch_size"] > dataset["train_per_class"] * dataset["classes"]:
        raise ConfigError(
            f"{recipe_file}: key 'batch_size' is {cell['batch_size']}, expected at most the number of training "
            f"images ({dataset['train_per_class'] * dataset['classes']} in {dataset_file})"
        )
    if cell["batch_size"] % cell["accumulate"]:
        raise ConfigError(
            f"{recipe_file}: key 'accumulate' is {cell['accumulate']}, expected a divisor of batch_size "
            f"({cell['batch_size']})"
        )
    if augmentation["semantics"] == "book" and augmentation["mixup"] and augmentation["cutmix"]:
        raise ConfigError(
            f"{where}.augmentation: both mixup and cutmix, expected one of them: the book's kernels apply only one "
            "per batch; set semantics: paper to choose between them at random, or imagenet to alternate"
        )
    datasets.check_crop(dataset, augmentation, dataset_file, where)
    erasing = augmentation["erasing"] or {}
    for key in ("area", "aspect"):
        low, high = erasing.get(key, (0, 1))
        if low > high:
            raise ConfigError(f"{where}.augmentation: key 'erasing.{key}' is [{low}, {high}], expected smallest first")
    try:
        spec = model_of(cell["model"]).with_classes(dataset["classes"])
    except netspec.SpecError as error:
        raise ConfigError(f"{model_file}: key 'model': {escaped(str(error))}") from None
    if cell["initialization"] == "book-faulty" and not is_vit(spec):
        raise ConfigError(
            f"{model_file}: key 'initialization' is \"book-faulty\", which is not defined for {spec.name}, expected "
            "another one or a Vision Transformer as model"
        )
    side = dataset["image_size"]
    if spec.input_shape in ((side, side, 3), (side, side, 1)) and not spec.extra_inputs:
        return
    wrong = f"{model_file}: key 'model': {spec.name} takes {spec.input_shape}"
    if len(spec.input_shape) != 3 or spec.input_shape[2] not in (1, 3) or spec.extra_inputs:
        raise ConfigError(f"{wrong}, expected a network that takes one picture of 1 or 3 channels")
    raise ConfigError(
        f"{wrong}, expected {(side, side, spec.input_shape[2])}; set image_size in {dataset_file} "
        f"to {spec.input_shape[0]} or name another model"
    )


def check_path(dataset: dict[str, Any]) -> None:
    """Raise :class:`ConfigError` when the raw files of a data set cannot be read."""
    path = dataset["path"]
    if path is not None and not Path(path).exists():
        otherwise = ", or null to download it" if dataset.get("download") else ""
        raise ConfigError(
            f"config/datasets/{dataset['name']}.yaml: key 'path' is {path}, "
            f"expected a readable folder or archive that holds train/ and val/{otherwise}"
        )
