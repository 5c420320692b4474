"""Stochastic depth, which leaves whole residual branches out while training."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx

from netspec.modules.tracing import DrawCount


class StochasticDepth(nnx.Module):
    """The end of a residual branch: zero for some examples of the batch, scaled up for the others.

    ``(B, …) -> (B, …)``. An example keeps the branch with probability ``1 − rate`` and gets it divided by that, so
    that the expectation stays; in evaluation mode nothing happens. Source: Huang et al. 2016 (arXiv:1603.09382),
    sec. 3; the scaling while training, not while testing, is today's usage.
    """

    def __init__(self, rngs: nnx.Rngs) -> None:
        self.rate = 0.0
        self.deterministic = False
        self.rngs = rngs.dropout.fork()
        self.rngs.count = DrawCount(self.rngs.count.get_value(), tag=self.rngs.tag)

    def __call__(self, x: jax.Array) -> jax.Array:
        """One draw per example."""
        if self.deterministic or self.rate == 0:
            return x
        keep = jax.random.bernoulli(self.rngs(), 1 - self.rate, (x.shape[0], *[1] * (x.ndim - 1)))
        return jnp.where(keep, x / (1 - self.rate), 0)


def grow_linearly(ends: list[StochasticDepth], rate: float) -> None:
    """Give the branches rates that grow from the first to ``rate`` at the last (Huang et al. 2016, eq. 4)."""
    for index, end in enumerate(ends, start=1):
        end.rate = rate * index / len(ends)
