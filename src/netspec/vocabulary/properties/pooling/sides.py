"""What must hold of pools whose windows follow the picture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from netspec.layers import GlobalAvgPool
from netspec.modules.global_avg_pool import GlobalAverage
from netspec.vocabulary import pooling
from netspec.vocabulary.cases import Case, apart, wrong
from netspec.vocabulary.properties.pooling.by_hand import by_hand, gradient, pictures
from netspec.vocabulary.term import Implementation, Mistake, Property, Term


def _global_avg(global_average: Implementation, case: Case) -> float:
    x, pool = pictures(case), global_average()
    tokens = x.reshape(2, -1, 3)
    shuffled = case.rng(1).permutation(tokens, axis=1)
    return max(apart(pool(jnp.asarray(one)), x.mean((1, 2))) for one in (x, tokens, shuffled))


def _global_avg_gradient(global_average: Implementation, case: Case) -> float:
    x = pictures(case)
    shape = global_average()(jnp.asarray(x)).shape
    found = gradient(global_average)(x)
    return max(apart(found, np.full(x.shape, 1 / 20)), wrong(shape[1:] == GlobalAvgPool().output_shape(x.shape[1:])))


def _global_max(global_max_pool: Implementation, case: Case) -> float:
    x = pictures(case)
    window = nnx.max_pool(jnp.asarray(x), (5, 4))[:, 0, 0]
    return max(apart(global_max_pool(x), window), apart(global_max_pool(-x), -x.min((1, 2))))


def _global_max_shuffled(global_max_pool: Implementation, case: Case) -> float:
    tokens = pictures(case).reshape(2, -1, 3)
    return apart(global_max_pool(case.rng(1).permutation(tokens, axis=1)), global_max_pool(tokens))


def _adaptive(adaptive_pool: Implementation, case: Case) -> float:
    """Bins of a side by hand, from what they have to cover: from i/o of it, rounded down, to (i + 1)/o, rounded up."""
    x, (rows, columns) = case.normal(2, 7, 5, 3), (3, 4)
    expected = np.empty((2, rows, columns, 3))
    for i in range(rows):
        for j in range(columns):
            down = slice(int(np.floor(i * 7 / rows)), int(np.ceil((i + 1) * 7 / rows)))
            across = slice(int(np.floor(j * 5 / columns)), int(np.ceil((j + 1) * 5 / columns)))
            expected[:, i, j] = x[:, down, across].mean((1, 2))
    return apart(adaptive_pool(x, (rows, columns)), expected)


def _adaptive_limits(adaptive_pool: Implementation, case: Case) -> float:
    x = case.normal(2, 6, 4, 3)
    return max(
        apart(adaptive_pool(x, (3, 2)), by_hand(x, 2, 2, np.mean)),
        apart(adaptive_pool(x, (1, 1))[:, 0, 0], x.mean((1, 2))),
        apart(adaptive_pool(x, (6, 4)), x),
        apart(adaptive_pool(x, (12, 8)), x.repeat(2, 1).repeat(2, 2)),
    )


def _globally(function: Callable[..., Any]) -> Callable[[], Callable[[jax.Array], jax.Array]]:
    """What has to be built before it is called, as a module has."""
    return lambda: function


def _bins(low: Callable[..., Any], high: Callable[..., Any]) -> Implementation:
    """Adaptive pooling with other roundings of where bins begin and end."""

    def mean(length: int, count: int) -> np.ndarray:
        index, place = np.arange(count)[:, None], np.arange(length)
        inside = (place >= low(index * length / count)) & (place < high((index + 1) * length / count))
        return inside / np.maximum(inside.sum(1, keepdims=True), 1)

    return lambda x, size: np.einsum("bhwc,ih,jw->bijc", x, *map(mean, x.shape[1:3], size))


TERMS = (
    Term(
        "global-avg-pool",
        GlobalAverage,
        (
            Property(
                "It is the mean of each channel, of a picture or of its positions in any order.",
                _global_avg,
                1e-14,
                (
                    Mistake("over channels too", _globally(lambda x: x.reshape(len(x), -1).mean(1))),
                    Mistake("over rows only", _globally(lambda x: x.mean(1))),
                    Mistake("the sum", _globally(lambda x: x.sum(tuple(range(1, x.ndim - 1))))),
                ),
            ),
            Property(
                "Each position gets the same share of the gradient, and the shape is that of the layer.",
                _global_avg_gradient,
                1e-15,
                (
                    Mistake("the largest value", _globally(lambda x: x.max((1, 2)))),
                    Mistake("both sides kept as one", _globally(lambda x: x.mean((1, 2), keepdims=True))),
                ),
            ),
        ),
    ),
    Term(
        "global-max-pool",
        pooling.global_max_pool,
        (
            Property(
                "It is an ordinary pool whose window is the picture, for negative values too.",
                _global_max,
                0.0,
                (
                    Mistake("the mean", lambda x: x.mean((1, 2))),
                    Mistake("the largest absolute value", lambda x: np.abs(x).max((1, 2))),
                    Mistake("over rows only", lambda x: x.max(1)),
                ),
            ),
            Property(
                "The order of positions does not matter.",
                _global_max_shuffled,
                0.0,
                (
                    Mistake("the last position", lambda x: x[:, -1]),
                    Mistake("the largest of neighbours' means", lambda x: ((x[:, 1:] + x[:, :-1]) / 2).max(1)),
                ),
            ),
        ),
    ),
    Term(
        "adaptive-pool",
        pooling.adaptive_avg_pool,
        (
            Property(
                "Bins begin at ⌊iL/o⌋ and end before ⌈(i + 1)L/o⌉, by hand.",
                _adaptive,
                1e-14,
                (
                    Mistake("bins that end at the floor", _bins(np.floor, np.floor)),
                    Mistake("bins that begin at the ceiling", _bins(np.ceil, np.ceil)),
                    Mistake("rounded to the nearest", _bins(np.round, np.round)),
                ),
            ),
            Property(
                "Where o divides L it is ordinary pooling, o = 1 the global mean, o = L the identity.",
                _adaptive_limits,
                1e-14,
                (
                    Mistake("bins of one more", _bins(np.floor, lambda end: np.ceil(end) + 1)),
                    Mistake("the nearest position", lambda x, s: x[:, :: -(-6 // s[0]), :: -(-4 // s[1])]),
                ),
            ),
        ),
    ),
)
