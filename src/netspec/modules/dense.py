"""Module of :class:`netspec.layers.Dense`."""

from __future__ import annotations

from collections.abc import Callable

import jax
from flax import nnx

from netspec.layers.dense import Dense
from netspec.modules.base import Numerics, build_layer


class Activated(nnx.Module):
    """A dense map and its activation."""

    def __init__(self, linear: nnx.Linear, activation: Callable[[jax.Array], jax.Array]) -> None:
        self.linear = linear
        self.activation = activation

    def __call__(self, x: jax.Array) -> jax.Array:
        """``(…, in_features) -> (…, out_features)``."""
        return self.activation(self.linear(x))


@build_layer.register
def _(layer: Dense, numerics: Numerics, rngs: nnx.Rngs) -> nnx.Linear | Activated:
    linear = numerics.linear(layer.in_features, layer.out_features, rngs, bias=layer.bias)
    return linear if layer.activation == "identity" else Activated(linear, numerics.activation(layer.activation))
