"""Computations that show errors of the document about norms."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from netspec.vocabulary.evidence import Evidence


def momentum_of_the_new_batch() -> Evidence:
    """How far a running mean wanders, where momentum is the weight of the new batch as the default of 0.1 means.

    The weights of past batches are m(1 − m)ᵏ; independent batch means of spread 1 leave a spread of the root of the
    sum of their squares.
    """
    past = np.arange(2000)
    spread = {m: float(np.linalg.norm(m * (1 - m) ** past)) for m in (0.1, 0.5)}
    return Evidence(
        "a momentum of 0.5 is more stable than one of 0.1",
        f"the running mean has {spread[0.5]:.2f} of a batch mean's spread with 0.5 and {spread[0.1]:.2f} with 0.1",
        spread[0.5] > spread[0.1],
    )


def one_picture() -> Evidence:
    """Batch norm in training on one picture of 5 × 6 positions, and on one of a single position."""
    x = jax.random.normal(jax.random.key(0), (1, 5, 6, 3)) * 4 + 2
    norm = nnx.BatchNorm(3, rngs=nnx.Rngs(0))
    spread, single = float(norm(x).std((0, 1, 2)).mean()), float(jnp.abs(norm(x[:, :1, :1])).max())
    return Evidence(
        "batch norm fails with a batch of one",
        f"one picture of 5 × 6 leaves with a deviation of {spread:.3f}; one of 1 × 1 with {single:g} throughout",
        abs(spread - 1) < 1e-3 and single == 0,
    )
