"""Associative recall: sequences of keys and values, and queries for the values of keys that stand in the same one.

What tells attention that can look back from attention that cannot, where text does not ask for it: a window of eight
tokens beats full attention on text while both have learned little. Many queries a sequence, as in the multi-query form
of Arora et al. 2023 (arXiv:2312.04927).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from train.config.cell import Recall
from train.data.raw.source import SPLITS

#: Sequences that are drawn at a time, each lot of a generator of its own.
LOT = 8192


@dataclass(frozen=True)
class RawSequences:
    """The arrays of both splits by name, ``(N, …)`` each; ``class_names`` are the tokens by number."""

    where: str
    class_names: list[str]
    splits: Mapping[str, Mapping[str, np.ndarray]]


def made(recall: Recall) -> RawSequences:
    """Both splits, the same ones whenever they are made; see :func:`drawn`."""
    names = [f"key {number}" for number in range(recall.keys)] + [f"value {number}" for number in range(recall.values)]
    splits = {}
    for number, (split, count) in enumerate(zip(SPLITS, (recall.train, recall.val), strict=True)):
        lots = [
            drawn(np.random.default_rng((number, begin)), min(LOT, count - begin), recall, training=split == "train")
            for begin in range(0, count, LOT)
        ]
        splits[split] = {name: np.concatenate([lot[name] for lot in lots]) for name in lots[0]}
    return RawSequences("what is made for associative recall", names, splits)


def drawn(rng: np.random.Generator, count: int, recall: Recall, *, training: bool) -> dict[str, np.ndarray]:
    """``count`` sequences: ``token`` uint16 ``(N, length)`` and ``first`` int32 ``(N,)``, the place of the first query.

    Keys stand at even places, each with its value behind it. Those before ``first`` are pairs, of keys that differ;
    those from there on ask for one of them each, drawn evenly, and repeat its value. A sequence for validation has as
    many pairs as there may be, one for training one to as many, so that the first things to be learned are easy.
    """
    couples = recall.length // 2
    pairs = rng.integers(1, recall.pairs + 1, count) if training else np.full(count, recall.pairs)
    keys = rng.random((count, recall.keys)).argsort(axis=1)[:, : recall.pairs]
    values = recall.keys + rng.integers(0, recall.values, (count, recall.pairs))
    place = np.broadcast_to(np.arange(couples), (count, couples))
    asked = (rng.random((count, couples)) * pairs[:, None]).astype(np.int64)
    chosen = np.where(place < pairs[:, None], np.minimum(place, recall.pairs - 1), asked)
    both = np.stack([np.take_along_axis(which, chosen, axis=1) for which in (keys, values)], axis=-1)
    token = both.reshape(count, recall.length).astype(np.uint16)
    return {"token": token, "first": (2 * pairs).astype(np.int32)}
