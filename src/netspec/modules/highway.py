"""Module of :class:`netspec.layers.Highway`."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx

from netspec.layers.highway import Highway
from netspec.modules.base import Numerics, build_layer
from netspec.modules.dtypes import at_least_float32


class HighwayLayer(nnx.Module):
    """``T(x)·H(x) + (1 − T(x))·x``: ``(B, …, width) -> (B, …, width)``.

    The gate starts with a bias of -1 in every scheme, so that a deep stack first passes what arrives on.
    Source: Srivastava et al. 2015 (arXiv:1505.00387), eq. 3 and sec. 2.2.
    """

    def __init__(self, layer: Highway, numerics: Numerics, rngs: nnx.Rngs) -> None:
        self.transform = numerics.linear(layer.width, layer.width, rngs)
        self.relu = numerics.activation("relu")
        self.gate = numerics.linear(layer.width, layer.width, rngs)
        self.gate.bias[...] = jnp.full((layer.width,), -1.0)

    def __call__(self, x: jax.Array) -> jax.Array:
        """Carried values stay float32."""
        gate = nnx.sigmoid(at_least_float32(self.gate(x)))
        return gate * self.relu(self.transform(x)) + (1 - gate) * x


@build_layer.register
def _(layer: Highway, numerics: Numerics, rngs: nnx.Rngs) -> HighwayLayer:
    return HighwayLayer(layer, numerics, rngs)
