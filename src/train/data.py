"""The prepared store and the grain pipelines that read it.

A store is a folder with one set of files per split and ``store.json``, which says what they are. Its images are a
memory-mapped array, or the original files as records, which are decoded while they are read (:mod:`train.records`)::

    train_images.npy  uint8 (N, stored_size, stored_size, 3)      train_labels.npy  int32 (N,)
    val_images.npy    uint8 (M, image_size, image_size, 3)        val_labels.npy    int32 (M,)
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import grain
import numpy as np

from train.arrays import open_array
from train.cell import Dataset, RandomResizedCrop
from train.config import data_fingerprint
from train.printable import shown
from train.records import AGAIN, RecordSplit
from train.schema import ConfigError, load_mapping, validate

#: Two reading threads keep a core pair fed (more only add contention); each element is a whole batch.
THREADS = 2
#: Batches read ahead, and the bytes that they may take together.
AHEAD, AHEAD_BYTES = 8, 1 << 29
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


class ShuffledBatches:
    """Random access to the batches of all epochs: element i is the batch of step i, gathered in one go.

    grain shuffles and batches element by element in Python, which costs as much as a step of a small network
    (3.5 ms against 0.1 ms for 16 images); a source whose elements are batches leaves it threads, prefetching and state.
    Of each batch, ``rows`` are read; which images it holds does not depend on them.
    """

    def __init__(self, split: Split | RecordSplit, batch_size: int, epochs: int, seed: int, rows: slice = ALL):
        self.split, self.batch_size, self.epochs, self.seed, self.rows = split, batch_size, epochs, seed, rows
        self.per_epoch = len(split) // batch_size
        self.order = lru_cache(maxsize=2)(self._order)

    def _order(self, epoch: int) -> np.ndarray:
        return np.random.default_rng((self.seed, epoch)).permutation(len(self.split))

    def __len__(self) -> int:
        return self.per_epoch * self.epochs

    def __getitem__(self, step: int) -> dict[str, np.ndarray]:
        epoch, position = divmod(step, self.per_epoch)
        start = position * self.batch_size
        batch = self.order(epoch)[start : start + self.batch_size]
        return self.split.gather(batch, draw=(self.seed, step), rows=self.rows)


def train_batches(
    split: Split | RecordSplit, *, batch_size: int, epochs: int, seed: int, rows: slice = ALL
) -> grain.IterDataset:
    """Shuffled batches for all epochs, or ``rows`` of them; an epoch's order depends on ``seed`` and the epoch only.

    The images left over at the end of an epoch's order are skipped, as in the book. Raises :class:`ConfigError`
    when there are fewer images than one batch.
    """
    if len(split) < batch_size:
        raise ConfigError(
            f"key 'batch_size' is {batch_size}, expected at most the {len(split)} training images of the data set"
        )
    return _read_ahead(ShuffledBatches(split, batch_size, epochs, seed, rows))


class PaddedBatches:
    """Random access to the batches of one pass in order, or ``rows`` of them; the last is filled up and masked."""

    def __init__(self, split: Split | RecordSplit, batch_size: int, rows: slice = ALL):
        self.split, self.batch_size, self.rows = split, batch_size, rows

    def __len__(self) -> int:
        return -(-len(self.split) // self.batch_size)

    def __getitem__(self, index: int) -> dict[str, np.ndarray]:
        indices = np.arange(index * self.batch_size, min((index + 1) * self.batch_size, len(self.split)))
        filled = np.resize(indices, self.batch_size)
        mask = np.arange(self.batch_size) < len(indices)
        return {**self.split.gather(filled, rows=self.rows), "mask": mask[self.rows]}


def eval_batches(split: Split | RecordSplit, *, batch_size: int, rows: slice = ALL) -> grain.IterDataset:
    """Every image once, in order. The last batch is filled up and ``mask`` (bool) is false on the filling.

    With ``rows``, those of every batch.
    """
    return _read_ahead(PaddedBatches(split, batch_size, rows))


def _read_ahead(batches: ShuffledBatches | PaddedBatches) -> grain.IterDataset:
    read = len(range(batches.batch_size)[batches.rows])
    ahead = max(THREADS, min(AHEAD, AHEAD_BYTES // (read * batches.split.image_bytes)))
    options = grain.ReadOptions(num_threads=THREADS, prefetch_buffer_size=ahead)
    return grain.MapDataset.source(batches).to_iter_dataset(options)
