"""Positions: how attention, to which its tokens are a set, is told their order."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np

from netspec.errors import VocabularyError
from netspec.vocabulary import expect


def sinusoidal(tokens: int, channels: int, *, base: float = 10000.0) -> jax.Array:
    """Give every position a vector of its own without learning one: sines and cosines of slower and slower pace.

    Formula: P[p, 2i] = sin(p / base^(2i/d)); P[p, 2i + 1] = cos(p / base^(2i/d))
    Shapes: (tokens, channels), to be added to the embeddings.
    Parameters: none.
    Cost: computed once.
    Training: as in evaluation.
    Caveats: any position has a vector, but a network is of little use beyond those that it was trained on.
    Raises: VocabularyError where the channels are odd or the base is not positive.
    Source: Vaswani et al. 2017 [arXiv:1706.03762], sec. 3.5; vocabulary line 2429.

    >>> (100 * sinusoidal(3, 2)).round().astype(int).tolist()  # sine and cosine of 0, 1 and 2, in hundredths
    [[0, 100], [84, 54], [91, -42]]
    """
    angle = np.arange(expect.whole("tokens", tokens))[:, None] * _paces(channels, base)
    return jnp.asarray(np.stack([np.sin(angle), np.cos(angle)], axis=-1).reshape(tokens, channels))


def rotary(x: jax.Array, positions: jax.Array, *, base: float = 10000.0) -> jax.Array:
    """Turn queries and keys by their position, so that their product depends on how far apart they are and on no more.

    Formula: (x_2i + j·x_2i+1) e^(j·p·θ_i), θ_i = base^(−2i/c)
    Shapes: x, the queries or the keys, (batch, tokens, heads, c), positions (tokens); leaves that of x.
    Parameters: none.
    Cost: two multiply-adds a number.
    Training: as in evaluation.
    Caveats: for queries and keys of every head, not for values nor for all channels at once. Many models turn pairs
        (i, i + c/2) instead, a permutation of channels. Beyond the trained length it fails unless θ is rescaled.
    Raises: VocabularyError where shapes do not match, c is odd or the base is not positive.
    Source: Su et al. 2021 [arXiv:2104.09864], eqs. 14-16 and 34; vocabulary line 2434.

    >>> east = jax.numpy.array([1.0, 0.0]).reshape(1, 1, 1, 2)
    >>> rotary(east, jax.numpy.array([math.pi / 2])).round(3).ravel().tolist()
    [-0.0, 1.0]
    """
    sizes = expect.axes(x=(x, "batch tokens heads c"), positions=(positions, "tokens"))
    angle = positions[:, None, None] * _paces(sizes["c"], base)
    even, odd = x[..., ::2], x[..., 1::2]
    turned = even * jnp.cos(angle) - odd * jnp.sin(angle), even * jnp.sin(angle) + odd * jnp.cos(angle)
    return jnp.stack(turned, axis=-1).reshape(x.shape)


def alibi_bias(heads: int, queries: int, keys: int) -> jax.Array:
    """Make what is far count less, by a slope of each head, and need no positions at all.

    Formula: s_hij − m_h |i − j|, m_h = 2^(−8h/H) for h = 1 … H
    Shapes: (heads, queries, keys), to be added to the scores; the last query stands at the last key.
    Parameters: none.
    Cost: one addition a score.
    Training: as in evaluation, which may have longer texts.
    Caveats: the paper's models are causal, so that only i ≥ j counts. Where H is no power of two its code takes the
        slopes of the power below and then every other one of the power above, as here.
    Raises: VocabularyError where a size is below 1.
    Source: Press et al. 2022 [arXiv:2108.12409], sec. 3; vocabulary line 2441.

    >>> alibi_bias(8, 1, 3)[:2, 0, :2].tolist()  # slopes 1/2 and 1/4, distances 2 and 1
    [[-1.0, -0.5], [-0.5, -0.25]]
    """
    query = np.arange(expect.whole("queries", queries)) + expect.whole("keys", keys) - queries
    distance = np.abs(query[:, None] - np.arange(keys))
    return jnp.asarray(-slopes(heads)[:, None, None] * distance)


def slopes(heads: int) -> np.ndarray:
    """ALiBi's slope of each head, ``(heads)``."""
    below = 2 ** int(math.log2(expect.whole("heads", heads)))
    whole = 2.0 ** (-8 * np.arange(1, below + 1) / below)
    between = 2.0 ** (-4 * np.arange(1, 2 * below + 1, 2) / below)
    return np.concatenate([whole, between])[:heads]


def t5_bias(table: jax.Array, queries: int, keys: int, *, reach: int = 128, bidirectional: bool = True) -> jax.Array:
    """Learn a number for every distance and head: near ones one by one, far ones in ever wider classes.

    Formula: s_hij + b[h, bucket(j − i)]; bucket(n) = n below e, then e + ⌊(E − e) ln(n/e) / ln(reach/e)⌋ below E
    Shapes: table b (heads, buckets); leaves (heads, queries, keys), to be added to the scores.
    Parameters: heads·buckets, shared by all layers.
    Cost: one addition a score.
    Training: as in evaluation; a bucket that no distance of the training has is never learned.
    Caveats: T5 does not scale its scores by 1/√c. Here E is half of the buckets, one half for keys behind the query and
        one for those ahead, or all of them where only keys behind are seen (bidirectional False); e is E/2.
    Raises: VocabularyError where the buckets are no multiple of 4 (of 2 in one direction) or reach is not beyond e.
    Source: Raffel et al. 2020 [arXiv:1910.10683], sec. 2.1 and released code; vocabulary line 4530.

    >>> table = jax.numpy.arange(8.0).reshape(1, 8)
    >>> t5_bias(table, 1, 10, reach=8)[0, 0].tolist()  # 0 to 9 ahead: 0, then buckets 4 + 1 to 4 + 3
    [0.0, 5.0, 6.0, 6.0, 7.0, 7.0, 7.0, 7.0, 7.0, 7.0]
    """
    buckets = expect.axes(table=(table, "heads buckets"))["buckets"]
    expect.whole("queries", queries)
    distance = np.arange(expect.whole("keys", keys)) - np.arange(queries)[:, None]
    return table[:, t5_bucket(distance, buckets, reach=reach, bidirectional=bidirectional)]


def t5_bucket(distance: np.ndarray, buckets: int, *, reach: int = 128, bidirectional: bool = True) -> np.ndarray:
    """The bucket of each whole distance ``j − i``, from 0 to ``buckets − 1``; see :func:`t5_bias`."""
    expect.divides("directions and halves", 4 if bidirectional else 2, "buckets", buckets)
    ways = buckets // 2 if bidirectional else buckets
    exact = ways // 2
    if expect.whole("reach", reach) <= exact:
        raise VocabularyError(
            f"reach: arrived {reach}, expected more than the {exact} distances with buckets of their own"
        )
    # Whole numbers: the floor of a quotient of logarithms is not safe where it is a whole number itself.
    starts = list(range(exact + 1))
    for bucket in range(1, ways - exact):
        n = starts[-1]
        while n ** (ways - exact) * exact**bucket < reach**bucket * exact ** (ways - exact):
            n += 1
        starts.append(n)
    size = np.abs(distance) if bidirectional else np.maximum(-distance, 0)
    behind = np.searchsorted(starts, size, side="right") - 1
    return behind + (ways * (distance > 0) if bidirectional else 0)


def _paces(channels: int, base: float) -> np.ndarray:
    """``base^(−2i/channels)``, by how much each pair of channels turns from one position to the next."""
    expect.divides("pairs of", 2, "channels", channels)
    expect.positive("base", base)
    return base ** (-np.arange(0, channels, 2) / channels)
