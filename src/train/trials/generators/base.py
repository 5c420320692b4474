"""What a generator is, and how pictures of levels become ones without, and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from train.trials.base import windows

#: Pixels and levels of a picture, examples of a batch, width of hidden layers, and numbers of a latent.
PIXELS, LEVELS, BATCH, HIDDEN, LATENT = 64, 17, 64, 128, 8


@dataclass(frozen=True)
class Generator:
    """What was trained.

    ``draw(key, count)`` gives ``(count, 64)`` from about 0 to 1. ``likelihood(key, x)``, where there is one, gives the
    log-probability of each picture of levels in nats, ``(batch,)``, or a bound below it.
    """

    params: Any
    draw: Callable[[jax.Array, int], jax.Array]
    likelihood: Callable[[jax.Array, jax.Array], jax.Array] | None = None


#: From pictures ``(examples, 64)`` in levels from 0 to 1, a key for weights, one for training, steps and a rate.
Train = Callable[[jax.Array, jax.Array, jax.Array, int, jax.Array], Generator]


def spread(key: jax.Array, x: jax.Array) -> jax.Array:
    """Pictures whose levels are intervals of equal width between 0 and 1, and each pixel anywhere in its own."""
    return (jnp.round((LEVELS - 1) * x) + jax.random.uniform(key, x.shape)) / LEVELS


def levelled(x: jax.Array) -> jax.Array:
    """What :func:`spread` made its argument from."""
    return jnp.clip(jnp.floor(LEVELS * x), 0, LEVELS - 1) / (LEVELS - 1)


def bound(log_density: jax.Array) -> jax.Array:
    """Log-probability of levels by the density of what :func:`spread` makes of them, a bound below (Theis et al. 2016).

    The mean of the log over an interval is below the log of the mean, and an interval has a volume of 17 to the -64.
    """
    return log_density - PIXELS * jnp.log(LEVELS)


def convolved(x: jax.Array, kernel: jax.Array, taps: int = 9) -> jax.Array:
    """``x`` ``(batch, height, width, in)`` under the first ``taps`` of a kernel of 3×3, zeros around it."""
    seen = windows(jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0))), 3)[..., : taps * x.shape[-1]]
    return seen @ kernel.reshape(-1, kernel.shape[-1])[: seen.shape[-1]]
