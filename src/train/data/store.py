"""The prepared store, opened and checked.

A store is a folder with one set of files per split and ``store.json``, which says what they are. Its images are a
memory-mapped array, or the original files as records, decoded while they are read (:mod:`train.data.records`)::

    train_images.npy  uint8 (N, stored_size, stored_size, 3)      train_labels.npy  int32 (N,)
    val_images.npy    uint8 (M, image_size, image_size, 3)        val_labels.npy    int32 (M,)
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from train.config import data_fingerprint
from train.config.cell import Dataset, RandomResizedCrop
from train.config.printable import shown
from train.config.schema import ConfigError, load_mapping, validate
from train.data.arrays import open_array
from train.data.records import AGAIN, RecordSplit

#: A whole batch, read by one process.
ALL = slice(None)


@dataclass(frozen=True)
class Split:
    """Images ``uint8 (N, S, S, 3)`` and labels ``int32 (N,)`` of one split, memory-mapped."""

    images: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def image_bytes(self) -> int:
        """Size of one image as it is gathered."""
        return self.images[0].nbytes

    def gather(
        self, indices: np.ndarray, draw: tuple[int, ...] | None = None, rows: slice = ALL
    ) -> dict[str, np.ndarray]:
        """The images and labels at ``indices[rows]``, copied out of the map in one go; nothing is drawn here."""
        indices = np.asarray(indices)[rows]
        return {"image": self.images[indices], "label": self.labels[indices]}


@dataclass(frozen=True)
class Store:
    """Both splits of a prepared data set, the class names in label order, and a digest of images and labels.

    The digest is empty for stores prepared before there was one.
    """

    train: Split | RecordSplit
    val: Split | RecordSplit
    class_names: tuple[str, ...]
    content: str = ""


def open_store(folder: Path, dataset: Dataset, crop: RandomResizedCrop | None = None) -> Store:
    """Open a prepared store, given its folder or its ``store.json``.

    ``crop`` is what training images of records are cut by; without it, they are cut as in validation. Raises
    :class:`ConfigError` when the folder holds no store, one prepared from another configuration or a damaged one. Of
    images only headers and lengths are looked at, so that opening takes no time; labels are read.
    """
    folder = folder.parent if folder.name == "store.json" else folder
    about = _about(folder, dataset)
    if dataset.store == "records":
        view = {"size": dataset.image_size, "keep": dataset.image_size / dataset.stored_size}
        crops = {"train": crop, "val": None}
        splits = {split: RecordSplit(folder, split, **view, crop=crops[split]) for split in crops}
    else:
        sides = {"train": dataset.stored_size, "val": dataset.image_size}
        splits = {split: _arrays(folder, split, side) for split, side in sides.items()}
    for split, part in splits.items():
        if len(part) != about["images"][split]:
            raise ConfigError(
                f"{shown(folder, 300)}: damaged store ({len(part)} images in {split}, expected "
                f"{about['images'][split]}); {AGAIN}"
            )
        labels = part.labels
        if labels.min() < 0 or labels.max() >= dataset.classes:
            raise ConfigError(
                f"{shown(folder / f'{split}_labels.npy', 300)}: labels from {labels.min()} to {labels.max()}, expected "
                f"0 to {dataset.classes - 1}; {AGAIN}"
            )
    return Store(**splits, class_names=tuple(about["class_names"]), content=about.get("content", ""))


def _about(folder: Path, dataset: Dataset) -> dict:
    """What ``store.json`` says, once it is known to be about this data set as it is configured now."""
    path = folder / "store.json"
    where = shown(path, 300)
    if _is_missing(path):
        raise ConfigError(f"{shown(folder, 300)}: no prepared data, expected the output of `python -m train prepare`")
    about = load_mapping(path, AGAIN)
    expected = data_fingerprint(dataset)
    if isinstance(about.get("fingerprint"), str) and about["fingerprint"] != expected:
        raise ConfigError(
            f"{where}: key 'fingerprint' is {shown(about['fingerprint'])}, expected {expected}: "
            f"prepared from another configuration of {dataset.name}; {AGAIN}"
        )
    try:
        validate(about, "store", where)
    except ConfigError as error:
        raise ConfigError(f"{error}; {AGAIN}") from None
    if len(about["class_names"]) != dataset.classes:
        raise ConfigError(
            f"{where}: key 'class_names' is a list of {len(about['class_names'])}, expected {dataset.classes}; {AGAIN}"
        )
    return about


def _is_missing(path: Path) -> bool:
    try:
        return not path.exists()
    except (OSError, ValueError):  # what cannot be looked at says why when it is read
        return False


def _arrays(folder: Path, split: str, side: int) -> Split:
    labels = open_array(folder / f"{split}_labels.npy", np.int32, (None,), AGAIN)
    images = open_array(folder / f"{split}_images.npy", np.uint8, (len(labels), side, side, 3), AGAIN)
    return Split(images, np.array(labels))
