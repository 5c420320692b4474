"""Passages of the embedded text for a masked language model: pieces of words, pairs of passages, what is hidden.

The pieces are learned by SentencePiece from the training text itself. Three more tokens stand behind them: [CLS],
[SEP] and [MASK]. A pair is ``[CLS] first [SEP] second [SEP]``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np

from train.data.raw.text import python_topics
from train.data.tokens import BytePairs

#: How many tokens stand behind the pieces.
SPECIAL = 3
#: Share of the text that is held out, in whole topics; how many of these a passage is to be told the topic of.
HELD_OUT, TOPICS = 0.1, 5
#: A sign of a table or of a line under a heading, more than three times in a row.
REPEATED = re.compile(r"([^\w\s])\1{3,}")
#: Chances of a hidden token to be shown as [MASK] and as another one; else it is shown as it is.
MIXED, ALL_MASKED = (0.8, 0.1), (1.0, 0.0)


@dataclass(frozen=True)
class Text:
    """Tokens of both splits, ``(N,)``; passages of held-out topics, ``(topics, passages, tokens)``."""

    pieces: BytePairs
    train: np.ndarray
    held_out: np.ndarray
    by_topic: np.ndarray


@cache
def text(pieces: int, passage: int) -> Text:
    """The help topics of Python in so many pieces of words; pairs of passages have ``passage`` tokens each."""
    from pydoc_data.topics import topics

    splits = python_topics(HELD_OUT).splits
    whole = (one.strip() for one in topics.values())
    largest = sorted((one for one in whole if one in splits["val"]), key=len)[-TOPICS:]
    train, held_out = running(splits["train"]), running(splits["val"])
    learned = BytePairs.learned(train, pieces)
    cut = [windows(learned.encode(running(one)), 2 * passage) for one in largest]
    by_topic = np.stack([one[: min(map(len, cut))] for one in cut])
    return Text(learned, learned.encode(train), learned.encode(held_out), by_topic)


def running(text: str) -> str:
    """A text as a line a paragraph, without indents, and with no sign more than three times in a row."""
    paragraphs = (" ".join(one.split()) for one in text.split("\n\n"))
    return "".join(REPEATED.sub(r"\1\1\1", one) + "\n" for one in paragraphs if one)


def windows(tokens: np.ndarray, length: int) -> np.ndarray:
    """``(N // length, length)``, one after the other; what is left at the end is dropped."""
    count = len(tokens) // length
    return tokens[: count * length].reshape(count, length).astype(np.int32)


def joined(first: jax.Array, second: jax.Array, pieces: int) -> jax.Array:
    """``[CLS] first [SEP] second [SEP]``, ``(count, tokens)``."""
    marks = jnp.full((len(first), 1), pieces)
    return jnp.concatenate([marks, first, marks + 1, second, marks + 1], axis=1)


def segments(passage: int) -> np.ndarray:
    """0 for the first passage and what stands around it, 1 for the second with its end."""
    return np.repeat([0, 1], [passage + 2, passage + 1])


def words(passage: int) -> np.ndarray:
    """The places of a pair that hold tokens of the text."""
    return np.concatenate([1 + np.arange(passage), passage + 2 + np.arange(passage)])


def pairs(key: jax.Array, tokens: jax.Array, count: int, passage: int, always: bool) -> tuple[jax.Array, ...]:
    """First and second passages ``(count, passage)`` and whether they follow: ``always``, or one pair in two."""
    at, other, coin = jax.random.split(key, 3)
    first = jax.random.randint(at, (count,), 0, len(tokens) - 2 * passage)
    follows = jnp.ones(count, bool) if always else jax.random.bernoulli(coin, 0.5, (count,))
    second = jnp.where(follows, first + passage, jax.random.randint(other, (count,), 0, len(tokens) - passage))
    span = jnp.arange(passage)
    return tokens[first[:, None] + span], tokens[second[:, None] + span], follows


def hidden(
    key: jax.Array, tokens: jax.Array, number: int, pieces: int, passage: int,
    forms: Sequence[float | jax.Array] = MIXED, among: int | jax.Array | None = None,
) -> tuple[jax.Array, jax.Array]:  # fmt: skip
    """Pairs as they are shown, and which ``number`` places of each are to be told, ``(count, number)``.

    ``forms`` are the chances of [MASK] and of another token; else a token is shown as it is, and so are all behind the
    first ``among`` places.
    """
    order, fate, swap = jax.random.split(key, 3)
    drawn = jax.random.uniform(order, (len(tokens), 2 * passage))
    places = jnp.asarray(words(passage))[jnp.argsort(drawn, axis=1)[:, :number]]
    chance = jax.random.uniform(fate, places.shape)
    others = jax.random.randint(swap, places.shape, 0, pieces)
    own = jnp.take_along_axis(tokens, places, axis=1)
    seen = jnp.where(chance < forms[0], pieces + 2, jnp.where(chance < forms[0] + forms[1], others, own))
    if among is not None:
        seen = jnp.where(jnp.arange(number) < among, seen, own)
    return tokens.at[jnp.arange(len(tokens))[:, None], places].set(seen), places


def unigram(tokens: np.ndarray, pieces: int) -> np.ndarray:
    """Log of how frequent each token is, ``(pieces + 3,)``; every piece counts once more than it occurs."""
    counts = np.bincount(tokens, minlength=pieces + SPECIAL) + np.repeat([1.0, 1e-9], [pieces, SPECIAL])
    return np.log(counts / counts.sum())


def beside(tokens: np.ndarray, pieces: int, *, right: bool) -> np.ndarray:
    """Log chances of a token by its neighbour on the left, or on the ``right``, ``(neighbours, pieces + 3)``.

    Witten-Bell: a neighbour with many different tokens beside it leaves more to their frequency (Chen and Goodman 1999,
    eq. 15). A neighbour that is no piece, or was never seen, leaves all to it.
    """
    size = pieces + SPECIAL
    alone = np.exp(unigram(tokens, pieces))
    counts = np.zeros((size, size))
    for one, two in pairwise(tokens.tolist()):
        counts[(two, one) if right else (one, two)] += 1
    different = np.maximum((counts > 0).sum(1, keepdims=True), 1)
    return np.log((counts + different * alone) / (counts.sum(1, keepdims=True) + different))
