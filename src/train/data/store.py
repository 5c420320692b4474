"""The prepared store, opened and checked.

A split is named arrays of any type and shape whose first axis is its examples. Each is a file of its own, and the
manifest in ``store.json`` says of what type, shape and contents. Those of pictures with classes are::

    train_image.npy  uint8 (N, *stored_size, 3)      train_label.npy  int32 (N,)
    val_image.npy    uint8 (M, *image_size, 3)       val_label.npy    int32 (M,)

A text is one array, whose examples are its tokens in their order: a task cuts windows out of it
(:mod:`train.data.windows`)::

    train_token.npy  uint16 (N,)                     val_token.npy    uint16 (M,)

Pictures with the class of every pixel have ``<split>_mask.npy``, uint8 ``(N, height, width)``, in which
:data:`train.data.example.VOID` is of no class; pictures of objects have, for at most K of them and padded with zeros
and with class -1::

    <split>_boxes.npy      float32 (N, K, 4)         centre x, centre y, width, height in shares of the picture
    <split>_box-class.npy  int32 (N, K)
    <split>_difficult.npy  bool (N, K)               neither hits nor misses

Instead of an array of images there may be the original files as records, decoded while they are read
(:mod:`train.data.records`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from train.config import data_fingerprint
from train.config.cell import Dataset, RandomResizedCrop, sides
from train.config.printable import shown
from train.config.schema import ConfigError, load_mapping, validate
from train.data.arrays import open_array
from train.data.records import AGAIN, RecordSplit
from train.data.tokens import TOKENIZER, Tokens, tokens_from

#: A whole batch, read by one process.
ALL = slice(None)


@dataclass(frozen=True)
class Split:
    """The arrays of one split by name, each ``(N, …)``; memory-mapped where an example is more than a number."""

    arrays: Mapping[str, np.ndarray]

    def __len__(self) -> int:
        return len(next(iter(self.arrays.values())))

    def __getitem__(self, name: str) -> np.ndarray:
        return self.arrays[name]

    @property
    def example_bytes(self) -> int:
        """Size of one example as it is gathered."""
        return sum(array.dtype.itemsize * math.prod(array.shape[1:]) for array in self.arrays.values())

    def gather(
        self, indices: np.ndarray, draw: tuple[int, ...] | None = None, rows: slice = ALL
    ) -> dict[str, np.ndarray]:
        """All arrays at ``indices[rows]``, copied out of the maps in one go; nothing is drawn here."""
        indices = np.asarray(indices)[rows]
        return {name: array[indices] for name, array in self.arrays.items()}


@dataclass(frozen=True)
class Store:
    """Both splits of a prepared data set, the class names in label order, and a digest of all arrays."""

    train: Split | RecordSplit
    val: Split | RecordSplit
    class_names: tuple[str, ...]
    content: str
    folder: Path

    def decode(self, tokens: Sequence[int] | np.ndarray) -> str:
        """The text of tokens ``(N,)``, of a store of text."""
        return self.tokens.decode(tokens)

    @property
    def tokenizer(self) -> bytes | None:
        """The merges of byte pairs, of a store of text that has them."""
        path = self.folder / TOKENIZER
        return path.read_bytes() if path.exists() else None

    @cached_property
    def tokens(self) -> Tokens:
        """The alphabet of a store of text. Raises :class:`ConfigError` where its file is damaged."""
        return tokens_from(self.class_names, self.tokenizer, shown(self.folder / TOKENIZER, 300))


def open_store(folder: Path, dataset: Dataset, crop: RandomResizedCrop | None = None) -> Store:
    """Open a prepared store, given its folder or its ``store.json``.

    ``crop`` is what training images of records are cut by; without it, they are cut as in validation. Raises
    :class:`ConfigError` when the folder holds no store, one of another version, one prepared from another configuration
    or a damaged one. Of arrays only headers and lengths are looked at, so that opening takes no time; those with one
    number an example, such as labels, are read.
    """
    folder = folder.parent if folder.name == "store.json" else folder
    about = _about(folder, dataset)
    if dataset.store == "records":
        view = {"size": dataset.image_size, "keep": sides(dataset.image_size)[0] / sides(dataset.stored_size)[0]}
        crops = {"train": crop, "val": None}
        splits = {split: RecordSplit(folder, split, **view, crop=crops[split]) for split in crops}
    else:
        splits = {split: _arrays(folder, split, part) for split, part in about["splits"].items()}
    for split, part in splits.items():
        if len(part) != (expected := about["splits"][split]["length"]):
            raise ConfigError(
                f"{shown(folder, 300)}: damaged store ({len(part)} examples in {split}, expected {expected}); {AGAIN}"
            )
        if "label" in about["splits"][split]["arrays"]:
            _check_labels(part["label"], dataset.classes, folder / f"{split}_label.npy")
    return Store(**splits, class_names=tuple(about["class_names"]), content=about["content"], folder=folder)


def _check_labels(labels: np.ndarray, classes: int, path: Path) -> None:
    if labels.min() < 0 or labels.max() >= classes:
        raise ConfigError(
            f"{shown(path, 300)}: labels from {labels.min()} to {labels.max()}, expected 0 to {classes - 1}; {AGAIN}"
        )


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


def _arrays(folder: Path, split: str, manifest: Mapping[str, Any]) -> Split:
    """The arrays of a split, which are as its manifest says."""
    arrays = {}
    for name, about in manifest["arrays"].items():
        shape = (manifest["length"], *about["shape"])
        array = open_array(folder / f"{split}_{name}.npy", np.dtype(about["dtype"]), shape, AGAIN)
        arrays[name] = array if about["shape"] else np.array(array)
    return Split(arrays)
