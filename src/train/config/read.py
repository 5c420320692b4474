"""Typed values of resolved configuration: cells and data sets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from train.config import datasets, schema
from train.config.cell import (
    Augmentation,
    Cell,
    ColourJitter,
    CutMix,
    Dataset,
    Download,
    Erasing,
    Lookahead,
    Mixup,
    Optimizer,
    RandAugment,
    RandomResizedCrop,
    RateScaling,
    Recall,
    Scenes,
    Schedule,
    SharpnessAware,
    Start,
    Text,
)
from train.config.checks import check_path, check_together
from train.config.fingerprint import data_fingerprint, fingerprint
from train.config.places import Places
from train.config.printable import shown
from train.config.schema import ConfigError

KNOBS = {
    "mixup": Mixup,
    "cutmix": CutMix,
    "erasing": Erasing,
    "randaugment": RandAugment,
    "colour_jitter": ColourJitter,
}


def read_cell(path: Path) -> Cell:
    """The cell in a resolved JSON file. Raises :class:`ConfigError` when it does not follow the schema."""
    where = shown(path, 300)
    value = schema.load(path)
    schema.validate(value, "cell", where)
    check_together(value, Places(*[where] * 4))
    return parse_cell(value)


def parse_cell(value: dict[str, Any]) -> Cell:
    """Typed form of a resolved cell that has been validated."""
    kinds = {**KNOBS, "random_resized_crop": RandomResizedCrop}
    knobs = {k: None if v is None else kinds[k](**_tuples(v)) for k, v in value["augmentation"].items() if k in kinds}
    parts = {
        "dataset": _dataset(value["dataset"]),
        "augmentation": Augmentation(**{**value["augmentation"], **knobs}),
        "optimizer": _optimizer(value["optimizer"]),
        "schedule": Schedule(**_tuples(value["schedule"])),
        "start": started(value["start"]),
    }
    return replace(Cell(**{**value, **parts}), fingerprint=fingerprint(value))


def started(value: str | dict[str, Any] | None) -> Start | None:
    """What a resolved cell has under ``start``: a file alone is that of a block with nothing else."""
    if value is None:
        return None
    return Start(**(_tuples(value) if isinstance(value, dict) else {"file": value}))


def _optimizer(value: dict[str, Any]) -> Optimizer:
    kinds = {"lookahead": Lookahead, "sam": SharpnessAware, "rate_scaling": RateScaling}
    return Optimizer(**{k: kinds[k](**item) if k in kinds and item is not None else item for k, item in value.items()})


def read_dataset(path: Path) -> tuple[Dataset, RandomResizedCrop | None]:
    """The data set of a file in ``config/datasets``, or of a resolved cell, and the crop that its training images get.

    Raises :class:`ConfigError`.
    """
    value = schema.load(path)
    if isinstance(value, dict) and isinstance(value.get("dataset"), dict):
        cell = read_cell(path)
        return cell.dataset, cell.augmentation.random_resized_crop
    if not schema.is_name(path.stem):
        raise ConfigError(f"{shown(path, 300)}: a data set is called like its file, expected {schema.NAME_IN_WORDS}")
    value = datasets.load(path)
    crop = value["augmentation"].get("random_resized_crop")
    kept = {key: item for key, item in value.items() if key not in ("augmentation", "recipe")}
    return _dataset({"name": path.stem, **kept}), crop and RandomResizedCrop(**_tuples(crop))


def _dataset(value: dict[str, Any]) -> Dataset:
    values = _tuples(value)
    if values.get("download"):
        values["download"] = _download(values["download"])
    for key, kind in (("scenes", Scenes), ("text", Text), ("recall", Recall)):
        if values.get(key):
            values[key] = kind(**_tuples(values[key]))
    return Dataset(**values)


def _download(value: dict[str, Any]) -> Download:
    return Download(**{**value, "archives": tuple(_download(one) for one in value.get("archives", ()))})


def _tuples(value: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(item) if isinstance(item, list) else item for key, item in value.items()}


def prepared_as(name: str, *, check: bool, folder: Path = Path("config")) -> str:
    """:func:`data_fingerprint` of a file in ``config/datasets``; its raw files must be there if ``check``."""
    path = folder / "datasets" / f"{name}.yaml"
    if check:
        check_path({"name": name, **datasets.load(path)})
    return data_fingerprint(read_dataset(path)[0])
