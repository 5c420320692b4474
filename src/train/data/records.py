"""A split kept as the original image files, decoded and cropped while it is read.

train.array_record  the files          train_records.npy  int64 (N,), the record of each row
train_label.npy     int32 (N,)
"""

from __future__ import annotations

import math
import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np

from train.config.cell import RandomResizedCrop, Size, sides
from train.config.printable import shown
from train.config.schema import ConfigError
from train.data.arrays import open_array
from train.data.images import TRIES, Unreadable, central, decode, random_resized

#: The way out of every damage to a store.
AGAIN = "prepare it again"


class RecordSplit:
    """Images ``(height, width, 3)`` out of files of any size, and labels ``int32 (N,)``.

    Args:
        folder: the prepared store.
        split: ``train`` or ``val``.
        size: of the images in pixels.
        keep: part of the largest box of that shape that the central view shows.
        crop: random-resized crop where there is something to draw from, or ``None`` for the central view.

    Raises :class:`ConfigError` for files that are missing or damaged, also while they are read.
    """

    def __init__(
        self, folder: Path, split: str, *, size: Size, keep: float, crop: RandomResizedCrop | None = None
    ) -> None:
        from array_record.python.array_record_module import ArrayRecordReader

        self.path = folder / f"{split}.array_record"
        self.size, self.keep, self.crop = sides(size), keep, crop
        self.labels = np.array(open_array(folder / f"{split}_label.npy", np.int32, (None,), AGAIN))
        places = folder / f"{split}_records.npy"
        self.records = np.array(open_array(places, np.int64, (len(self.labels),), AGAIN))
        where = shown(self.path, 300)
        try:
            if not self.path.is_file():
                raise OSError("no such file")
            self.reader = ArrayRecordReader(str(self.path), "readahead_buffer_size:0")  # random access
            count = self.reader.num_records() if self.reader.ok() else 0
        except Exception as error:  # the reader raises whatever its library finds
            raise ConfigError(f"{where}: damaged ({shown(error)}); {AGAIN}") from None
        if count != len(self.labels):
            raise ConfigError(f"{where}: damaged ({count:,} records, expected {len(self.labels):,}); {AGAIN}")
        if not np.array_equal(np.sort(self.records), np.arange(count)):
            raise ConfigError(f"{shown(places, 300)}: damaged (names records that are not there); {AGAIN}")
        self.example_bytes = math.prod(self.size) * 3 + self.labels.itemsize

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, name: str) -> np.ndarray:
        """The labels, all that is in memory of a split kept as files."""
        return {"label": self.labels}[name]

    def gather(
        self, indices: np.ndarray, draw: tuple[int, ...] | None = None, rows: slice = slice(None)
    ) -> dict[str, np.ndarray]:
        """Images ``uint8 (B, height, width, 3)`` and labels ``int32 (B,)`` at ``indices[rows]``, decoded by all cores.

        Crops are a function of ``draw`` (seed and step), and the place in the batch; without it the view is central.
        """
        indices = np.asarray(indices)
        random = draw is not None and self.crop is not None
        draws = np.random.default_rng(draw).random((len(indices), TRIES, 4)) if random else [None] * len(indices)
        indices, draws = indices[rows], draws[rows]
        images = np.empty((len(indices), *self.size, 3), np.uint8)

        def one(place: int, data: bytes) -> None:
            image = decode(data)
            if random:
                images[place] = random_resized(image, self.size, self.crop, draws[place])
            else:
                images[place] = central(image, self.size, self.keep)

        try:
            files = self.reader.read(self.records[indices].tolist())
            list(_decoders().map(one, range(len(indices)), files))
        except (Unreadable, RuntimeError, IndexError, ValueError) as error:
            raise ConfigError(f"{shown(self.path, 300)}: damaged ({shown(error)}); {AGAIN}") from None
        return {"image": images, "label": self.labels[indices]}


@cache
def _decoders() -> ThreadPoolExecutor:
    """One pool per process, with as many threads as it may use cores."""
    return ThreadPoolExecutor(usable_cores(), "decode")


def usable_cores() -> int:
    """Processor cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
