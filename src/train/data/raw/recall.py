"""Associative recall: sequences of pairs of a key and a value, and behind them keys whose values are asked for.

What tells attention that can look back from attention that cannot, where text does not ask for it: a window of eight
tokens beats full attention on text while both have learned little. A pair is one token, so that a look-up is all that
is to be learned. Where key and value are two tokens (Arora et al. 2023, arXiv:2312.04927), an earlier block must bring
them together first, which two blocks of width 64 have not begun to do after 600 steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from train.config.cell import Recall
from train.data.raw.source import SPLITS

#: Sequences that are drawn at a time, each lot of a generator of its own.
LOT = 8192
#: The answer where nothing is asked.
NOTHING = -1


@dataclass(frozen=True)
class RawSequences:
    """The arrays of both splits by name, ``(N, …)`` each; ``class_names`` are the tokens by number."""

    where: str
    class_names: list[str]
    splits: Mapping[str, Mapping[str, np.ndarray]]


def made(recall: Recall) -> RawSequences:
    """Both splits, the same ones whenever they are made; see :func:`drawn`."""
    pairs = [f"key {key} is {value}" for key in range(recall.keys) for value in range(recall.values)]
    splits = {}
    for number, (split, count) in enumerate(zip(SPLITS, (recall.train, recall.val), strict=True)):
        lots = [
            drawn(np.random.default_rng((number, begin)), min(LOT, count - begin), recall)
            for begin in range(0, count, LOT)
        ]
        splits[split] = {name: np.concatenate([lot[name] for lot in lots]) for name in lots[0]}
    return RawSequences(
        "what is made for associative recall", [*pairs, *map("key {}?".format, range(recall.keys))], splits
    )


def drawn(rng: np.random.Generator, count: int, recall: Recall) -> dict[str, np.ndarray]:
    """``count`` sequences: ``token`` uint16 and ``answer`` int32, both ``(N, length)``.

    Pairs of keys that differ come first, as token ``key · values + value``; then queries ``keys · values + key``, each
    for one of those drawn evenly, whose answer is its pair. Where nothing is asked the answer is :data:`NOTHING`.
    """
    keys = rng.random((count, recall.keys)).argsort(axis=1)[:, : recall.pairs]
    pairs = keys * recall.values + rng.integers(0, recall.values, keys.shape)
    asked = rng.integers(0, recall.pairs, (count, recall.queries))
    queries, answers = (np.take_along_axis(which, asked, axis=1) for which in (keys, pairs))
    return {
        "token": np.concatenate([pairs, recall.keys * recall.values + queries], axis=1).astype(np.uint16),
        "answer": np.concatenate([np.full_like(pairs, NOTHING), answers], axis=1).astype(np.int32),
    }
