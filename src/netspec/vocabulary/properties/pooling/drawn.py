"""What must hold of pools that draw."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from netspec.vocabulary import pooling
from netspec.vocabulary.cases import Case, apart, wrong
from netspec.vocabulary.properties.pooling.by_hand import by_hand
from netspec.vocabulary.term import Implementation, Mistake, Property, Term

#: A share of this many draws is within 0.065 of its probability, four times the largest deviation of one.
DRAWS = 1000


def _positive(case: Case) -> np.ndarray:
    """Activations of a ReLU, and a window of zeros."""
    x = np.maximum(case.normal(1, 4, 4, 2), 0)
    x[:, :2, :2] = 0
    return x


def _stochastic_mean(stochastic_pool: Implementation, case: Case) -> float:
    x = _positive(case)
    total = by_hand(x, 2, 2, np.sum)
    expected = by_hand(x**2, 2, 2, np.sum) / np.where(total > 0, total, 1)
    return apart(stochastic_pool(x, 2, deterministic=True), expected)


def _stochastic_draws(stochastic_pool: Implementation, case: Case) -> float:
    """The share of draws in which each of four different values is taken."""
    values = case.rng().permutation([0.0, 1.0, 2.0, 5.0])
    x = np.tile(values.reshape(1, 2, 2, 1), (DRAWS, 1, 1, 1))
    drawn = np.asarray(_pooled(stochastic_pool, 2)(x, case.key))[:, 0, 0, 0]
    return float(np.abs((drawn[:, None] == values).mean(0) - values / 8).max())


@cache
def _pooled(pool: Implementation, size: int | tuple[int, int]) -> Callable[[np.ndarray, jax.Array], jax.Array]:
    """A pool that draws, compiled as one program."""
    return jax.jit(lambda x, key: pool(x, size, key))


def _fractional(fractional_max_pool: Implementation, case: Case) -> float:
    """Of positions in their order the largest of each window is its last, which shows where windows end."""
    pool = _pooled(fractional_max_pool, (7, 5))
    ends = np.asarray(pool(np.arange(70.0).reshape(1, 10, 7, 1), case.key))[0, :, :, 0]
    rows, columns = ends[:, -1] // 7, ends[-1] % 7
    steps = np.concatenate([np.diff(rows, prepend=-1), np.diff(columns, prepend=-1)])
    if ends.shape != (7, 5) or rows[-1] != 9 or columns[-1] != 6 or not np.isin(steps, (1, 2)).all():
        return 1.0
    x = case.normal(1, 10, 7, 1, seed=1)
    first = [np.concatenate([[0], last[:-1] + 1]).astype(int) for last in (rows, columns)]
    return apart(pool(x, case.key), np.maximum.reduceat(np.maximum.reduceat(x, first[0], 1), first[1], 2))


def _fractional_draws(fractional_max_pool: Implementation, case: Case) -> float:
    """Where the first of 7 windows over 10 positions ends: after two of them with probability 10/7 − 1."""
    keys = jax.random.split(case.key, DRAWS)
    first = np.asarray(_many(fractional_max_pool)(np.arange(10.0).reshape(1, 10, 1, 1), keys))[:, 0, 0, 0, 0]
    ordinary = _pooled(fractional_max_pool, (4, 1))(np.arange(8.0).reshape(1, 8, 1, 1), case.key)
    share = float(abs((first == 1).mean() - 3 / 7))
    return max(share, wrong(np.asarray(ordinary).ravel().tolist() == [1, 3, 5, 7]))


@cache
def _many(fractional_max_pool: Implementation) -> Callable[[np.ndarray, jax.Array], jax.Array]:
    """Ten positions in seven windows, with each of many keys."""
    return jax.jit(jax.vmap(lambda x, key: fractional_max_pool(x, (7, 1), key), in_axes=(None, 0)))


def _drawn_by(chances: Callable[[jax.Array], jax.Array]) -> Implementation:
    """Stochastic pooling of one window by other probabilities."""

    def pool(x: np.ndarray, window: int, key: jax.Array) -> jax.Array:
        values = jnp.asarray(x).reshape(len(x), 4)
        drawn = jax.random.categorical(key, jnp.log(chances(values)))
        return jnp.take_along_axis(values, drawn[:, None], 1)[..., None, None]

    return pool


def _fixed(x: jax.Array, size: tuple[int, int], key: jax.Array) -> jax.Array:
    """Windows that always begin at ⌊iα⌋."""
    ends = [(side * np.arange(1, count + 1)) // count for side, count in zip(x.shape[1:3], size, strict=True)]
    for axis, end in enumerate(ends, 1):
        window = np.searchsorted(end, np.arange(x.shape[axis]), side="right")
        x = jnp.moveaxis(jax.ops.segment_max(jnp.moveaxis(x, axis, 0), window, len(end)), 0, axis)
    return x


def _pairs(x: jax.Array, size: tuple[int, int], key: jax.Array) -> jax.Array:
    """Windows of two at every position, and what is left over dropped."""
    y = nnx.max_pool(jnp.asarray(x), (min(2, x.shape[1]), min(2, x.shape[2])), strides=(1, 1))
    return y[:, : size[0], : size[1]]


TERMS = (
    Term(
        "stochastic-pool",
        pooling.stochastic_pool,
        (
            Property(
                "In evaluation it is Σ a² / Σ a of each window, and zero where all are.",
                _stochastic_mean,
                1e-14,
                (
                    Mistake("the mean", lambda x, k, deterministic: by_hand(x, k, k, np.mean)),
                    Mistake("the largest value", lambda x, k, deterministic: by_hand(x, k, k, np.max)),
                ),
            ),
            Property(
                "In training a value is taken with a probability of its share: 1,000 draws, within four deviations.",
                _stochastic_draws,
                0.065,
                (
                    Mistake("all values alike", _drawn_by(jnp.ones_like)),
                    Mistake("a softmax of them", _drawn_by(lambda values: jnp.exp(values))),
                    Mistake("their squares", _drawn_by(jnp.square)),
                    Mistake("their mean", lambda x, k, key: x.mean((1, 2), keepdims=True)),
                ),
            ),
        ),
    ),
    Term(
        "fractional-max-pool",
        pooling.fractional_max_pool,
        (
            Property(
                "Windows of one or two positions cover each side once, and the largest of each leaves.",
                _fractional,
                0.0,
                (
                    Mistake("overlapping windows of two from the start", _pairs),
                    Mistake("the mean of bins", lambda x, size, key: pooling.adaptive_avg_pool(x, size)),
                ),
            ),
            Property(
                "From 10 to 7 the first window has two in 3/7 of 1,000 draws (four deviations); from 8 to 4 always.",
                _fractional_draws,
                0.065,
                (Mistake("windows that are not drawn", _fixed),),
            ),
        ),
    ),
)
