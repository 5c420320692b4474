"""Module of :class:`netspec.layers.Hopfield`, its retrieval and its energy."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx

from netspec.layers.hopfield import Hopfield
from netspec.modules.base import Numerics, build_layer
from netspec.modules.dtypes import at_least_float32


def retrieve(patterns: jax.Array, state: jax.Array, beta: float, n_steps: int = 1) -> jax.Array:
    """``ξ ← X softmax(β Xᵀ ξ)``, ``n_steps`` times: patterns ``(M, k)`` and states ``(…, k)`` to states ``(…, k)``.

    The softmax runs in float32 or wider. Source: Ramsauer et al. 2020 (arXiv:2008.02217), eq. 3.
    """
    for _ in range(n_steps):
        weights = jax.nn.softmax(beta * at_least_float32(state @ patterns.T), axis=-1)
        state = weights.astype(patterns.dtype) @ patterns
    return state


def energy(patterns: jax.Array, state: jax.Array, beta: float) -> jax.Array:
    """``−lse(β, Xᵀ ξ) + ξᵀξ/2 + ln(M)/β + M²/2`` of states ``(…, k)``, which no step of :func:`retrieve` raises.

    ``M²`` is the largest square of a pattern's length, which makes it at least zero. Source: Ramsauer et al. 2020
    (arXiv:2008.02217), eq. 2.
    """
    lse = jax.nn.logsumexp(beta * (state @ patterns.T), axis=-1) / beta
    longest = jnp.square(patterns).sum(axis=-1).max()
    return -lse + jnp.square(state).sum(axis=-1) / 2 + jnp.log(len(patterns)) / beta + longest / 2


class Memory(nnx.Module):
    """Learned patterns and what tokens retrieve from them: ``(B, …, width) -> (B, …, width)``."""

    def __init__(self, layer: Hopfield, numerics: Numerics, rngs: nnx.Rngs) -> None:
        d, k = layer.width, layer.association_width
        self.n_steps, self.beta = layer.n_steps, k**-0.5
        table = numerics.scheme.position_table(rngs.params(), (layer.n_patterns, d), jnp.float32)
        self.patterns = nnx.Param(table)
        self.query = numerics.linear(d, k, rngs)
        self.key = numerics.linear(d, k, rngs)
        self.out = numerics.linear(k, d, rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        """Map, retrieve, map back."""
        return self.out(retrieve(self.key(self.patterns[...]), self.query(x), self.beta, self.n_steps))


@build_layer.register
def _(layer: Hopfield, numerics: Numerics, rngs: nnx.Rngs) -> Memory:
    return Memory(layer, numerics, rngs)
