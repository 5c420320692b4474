"""What must hold of pools with a window of one size."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from netspec.layers import MaxPool
from netspec.layers.window import both
from netspec.modules.max_pool import MaxPooling
from netspec.vocabulary import pooling
from netspec.vocabulary.cases import Case, apart
from netspec.vocabulary.properties.pooling.by_hand import by_hand, gradient, pictures
from netspec.vocabulary.term import Implementation, Mistake, Property, Term


def _max(max_pool: Implementation, case: Case) -> float:
    """All inputs are negative, so that a padding of zeros would be seen."""
    x = -np.abs(pictures(case))
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=-np.inf)
    whole, same = MaxPool(2, 2, "valid"), MaxPool(3, 2)
    return max(
        apart(max_pool(whole)(x), by_hand(x, 2, 2, np.max)),
        apart(max_pool(same)(x), by_hand(padded, 3, 2, np.max)),
    )


def _max_gradient(max_pool: Implementation, case: Case) -> float:
    """Of the sum over windows that tile: one where the largest value of a window stands, zero elsewhere."""
    x = pictures(case, 4, 4)
    largest = by_hand(x, 2, 2, np.max).repeat(2, 1).repeat(2, 2)
    return apart(gradient(max_pool, MaxPool(2, 2, "valid"))(x), x == largest)


def _avg(avg_pool: Implementation, case: Case) -> float:
    x = pictures(case)
    return max(apart(avg_pool(x, *how), by_hand(x, how[0], how[-1], np.mean)) for how in ((2,), (3, 1)))


def _avg_as_convolution(avg_pool: Implementation, case: Case) -> float:
    x = pictures(case)
    kernel = np.full((2, 2, 1, 3), 1 / 4)
    dimensions = ("NHWC", "HWIO", "NHWC")
    convolved = jax.lax.conv_general_dilated(
        x, kernel, (2, 2), "VALID", dimension_numbers=dimensions, feature_group_count=3
    )
    tiled = pictures(case, 4, 4)
    return max(apart(avg_pool(x, 2), convolved), apart(np.mean(avg_pool(tiled, 2), (1, 2)), tiled.mean((1, 2))))


class _Padded(MaxPooling):
    """Pads with zeros."""

    def __call__(self, x: jax.Array) -> jax.Array:
        border = (both(self.layer.window)[0] - 1) // 2 if self.layer.padding == "same" else 0
        padded = jnp.pad(x, ((0, 0), (border, border), (border, border), (0, 0)))
        return nnx.max_pool(padded, both(self.layer.window), strides=both(self.layer.stride))


class _Mean(MaxPooling):
    """Takes the mean."""

    def __call__(self, x: jax.Array) -> jax.Array:
        return nnx.avg_pool(jnp.asarray(x), both(self.layer.window), strides=both(self.layer.stride))


class _Overlapping(MaxPooling):
    """Moves by one position whatever the stride."""

    def __call__(self, x: jax.Array) -> jax.Array:
        return nnx.max_pool(x, both(self.layer.window), strides=(1, 1), padding=str(self.layer.padding).upper())


TERMS = (
    Term(
        "max-pool",
        MaxPooling,
        (
            Property(
                "It is the largest value under each window, by hand; what is padded never wins.",
                _max,
                0.0,
                (
                    Mistake("padded with zeros", _Padded),
                    Mistake("the mean", _Mean),
                    Mistake("windows that move by one", _Overlapping),
                ),
            ),
            Property(
                "The gradient reaches the largest value of each window and nothing else.",
                _max_gradient,
                0.0,
                (Mistake("the mean", _Mean), Mistake("windows that move by one", _Overlapping)),
            ),
        ),
    ),
    Term(
        "avg-pool",
        pooling.avg_pool,
        (
            Property(
                "It is the mean under each window, by hand, and windows tile where no stride is given.",
                _avg,
                1e-14,
                (
                    Mistake("the sum", lambda x, k, s=None: by_hand(x, k, s or k, np.sum)),
                    Mistake("a stride of one where none is given", lambda x, k, s=1: by_hand(x, k, s, np.mean)),
                    Mistake("the median", lambda x, k, s=None: by_hand(x, k, s or k, np.median)),
                ),
            ),
            Property(
                "It is a convolution of each channel with 1/k²; where windows tile, the mean stays.",
                _avg_as_convolution,
                1e-14,
                (
                    Mistake("the largest value", lambda x, k: by_hand(x, k, k, np.max)),
                    Mistake("divided by k", lambda x, k: by_hand(x, k, k, np.sum) / k),
                ),
            ),
        ),
    ),
)
