"""The prepared store and the grain pipelines that read it.

A store is a folder of memory-mapped arrays, one pair per split, and ``store.json``, which says what they are::

    train_images.npy  uint8 (N, stored_size, stored_size, 3)      train_labels.npy  int32 (N,)
    val_images.npy    uint8 (M, image_size, image_size, 3)        val_labels.npy    int32 (M,)
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import grain
import numpy as np

from train.cell import Dataset
from train.config import data_fingerprint
from train.schema import ConfigError

#: Two reading threads keep a core pair fed (more only add contention); each element is a whole batch.
READ = grain.ReadOptions(num_threads=2, prefetch_buffer_size=8)


@dataclass(frozen=True)
class Split:
    """Images ``uint8 (N, S, S, 3)`` and labels ``int32 (N,)`` of one split, memory-mapped."""

    images: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def gather(self, indices: np.ndarray) -> dict[str, np.ndarray]:
        """The images and labels at ``indices``, copied out of the map in one go."""
        indices = np.asarray(indices)
        return {"image": self.images[indices], "label": self.labels[indices]}


@dataclass(frozen=True)
class Store:
    """Both splits of a prepared data set and the class names in label order."""

    train: Split
    val: Split
    class_names: tuple[str, ...]


def open_store(folder: Path, dataset: Dataset) -> Store:
    """Open a prepared store.

    Raises :class:`ConfigError` when the folder holds none, or one prepared from another configuration.
    """
    try:
        about = json.loads((folder / "store.json").read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError):
        raise ConfigError(f"{folder}: no prepared data, expected the output of `python -m train prepare`") from None
    expected = data_fingerprint(dataset)
    if about.get("fingerprint") != expected:
        raise ConfigError(
            f"{folder}/store.json: key 'fingerprint' is {about.get('fingerprint')}, expected {expected}: "
            f"prepared from another configuration of {dataset.name}; prepare it again"
        )
    splits = {}
    for split in ("train", "val"):
        arrays = [np.load(folder / f"{split}_{part}.npy", mmap_mode="r") for part in ("images", "labels")]
        splits[split] = Split(arrays[0], np.asarray(arrays[1]))
    return Store(**splits, class_names=tuple(about["class_names"]))


class ShuffledBatches:
    """Random access to the batches of all epochs: element i is the batch of step i, gathered in one go.

    grain shuffles and batches element by element in Python, which costs as much as a step of a small network
    (3.5 ms against 0.1 ms for 16 images); a source whose elements are batches leaves it threads, prefetching and state.
    """

    def __init__(self, split: Split, batch_size: int, epochs: int, seed: int):
        self.split, self.batch_size, self.epochs, self.seed = split, batch_size, epochs, seed
        self.per_epoch = len(split) // batch_size
        self.order = lru_cache(maxsize=2)(self._order)

    def _order(self, epoch: int) -> np.ndarray:
        return np.random.default_rng((self.seed, epoch)).permutation(len(self.split))

    def __len__(self) -> int:
        return self.per_epoch * self.epochs

    def __getitem__(self, step: int) -> dict[str, np.ndarray]:
        epoch, position = divmod(step, self.per_epoch)
        start = position * self.batch_size
        return self.split.gather(self.order(epoch)[start : start + self.batch_size])


def train_batches(split: Split, *, batch_size: int, epochs: int, seed: int) -> grain.IterDataset:
    """Shuffled batches for all epochs; the order of an epoch depends on ``seed`` and the epoch only.

    The images left over at the end of an epoch's order are skipped, as in the book. Raises :class:`ConfigError`
    when there are fewer images than one batch.
    """
    if len(split) < batch_size:
        raise ConfigError(
            f"key 'batch_size' is {batch_size}, expected at most the {len(split)} training images of the data set"
        )
    return grain.MapDataset.source(ShuffledBatches(split, batch_size, epochs, seed)).to_iter_dataset(READ)


class PaddedBatches:
    """Random access to the batches of one pass in order; the last is filled up and masked."""

    def __init__(self, split: Split, batch_size: int):
        self.split, self.batch_size = split, batch_size

    def __len__(self) -> int:
        return -(-len(self.split) // self.batch_size)

    def __getitem__(self, index: int) -> dict[str, np.ndarray]:
        indices = np.arange(index * self.batch_size, min((index + 1) * self.batch_size, len(self.split)))
        filled = np.resize(indices, self.batch_size)
        return {**self.split.gather(filled), "mask": np.arange(self.batch_size) < len(indices)}


def eval_batches(split: Split, *, batch_size: int) -> grain.IterDataset:
    """Every image once, in order. The last batch is filled up and ``mask`` (bool) is false on the filling."""
    return grain.MapDataset.source(PaddedBatches(split, batch_size)).to_iter_dataset(READ)
