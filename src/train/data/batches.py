"""Batches of a prepared store, shuffled for training and in order for evaluation, read ahead by grain."""

from __future__ import annotations

from functools import lru_cache

import grain
import numpy as np

from train.config.schema import ConfigError
from train.data.records import RecordSplit
from train.data.store import ALL, Split

#: Two reading threads keep a core pair fed (more only add contention); each element is a whole batch.
THREADS = 2
#: Batches read ahead, and the bytes that they may take together.
AHEAD, AHEAD_BYTES = 8, 1 << 29


class ShuffledBatches:
    """Random access to the batches of all epochs: element i is the batch of step i, gathered in one go.

    grain shuffles and batches element by element in Python, which costs as much as a step of a small network
    (3.5 ms against 0.1 ms for 16 images); a source whose elements are batches leaves it threads, prefetching and state.
    Of each batch, ``rows`` are read; which images it holds does not depend on them.
    """

    def __init__(self, split: Split | RecordSplit, batch_size: int, epochs: int, seed: int, rows: slice = ALL) -> None:
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

    The examples left over at the end of an epoch's order are skipped, as in the book. Raises :class:`ConfigError`
    when there are fewer examples than one batch.
    """
    if len(split) < batch_size:
        raise ConfigError(
            f"key 'batch_size' is {batch_size}, expected at most the {len(split)} training images of the data set"
        )
    return _read_ahead(ShuffledBatches(split, batch_size, epochs, seed, rows))


class PaddedBatches:
    """Random access to the batches of one pass in order, or ``rows`` of them; the last is filled up, see ``real``."""

    def __init__(self, split: Split | RecordSplit, batch_size: int, rows: slice = ALL) -> None:
        self.split, self.batch_size, self.rows = split, batch_size, rows

    def __len__(self) -> int:
        return -(-len(self.split) // self.batch_size)

    def __getitem__(self, index: int) -> dict[str, np.ndarray]:
        indices = np.arange(index * self.batch_size, min((index + 1) * self.batch_size, len(self.split)))
        filled = np.resize(indices, self.batch_size)
        real = np.arange(self.batch_size) < len(indices)
        return {**self.split.gather(filled, rows=self.rows), "real": real[self.rows]}


def eval_batches(split: Split | RecordSplit, *, batch_size: int, rows: slice = ALL) -> grain.IterDataset:
    """Every example once, in order. The last batch is filled up and ``real`` (bool) is false on the filling.

    With ``rows``, those of every batch.
    """
    return _read_ahead(PaddedBatches(split, batch_size, rows))


def _read_ahead(batches: ShuffledBatches | PaddedBatches) -> grain.IterDataset:
    read = len(range(batches.batch_size)[batches.rows])
    ahead = max(THREADS, min(AHEAD, AHEAD_BYTES // (read * batches.split.example_bytes)))
    options = grain.ReadOptions(num_threads=THREADS, prefetch_buffer_size=ahead)
    return grain.MapDataset.source(batches).to_iter_dataset(options)
