"""Modules of :class:`netspec.layers.Activate` and :class:`netspec.layers.PReLU`."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx

from netspec.layers.activation import Activate, PReLU
from netspec.modules.base import Numerics, build_layer


class Activating(nnx.Module):
    """``(B, …) -> (B, …)`` through the function that stands for the layer's name."""

    def __init__(self, layer: Activate, numerics: Numerics) -> None:
        self.function = numerics.activation(layer.activation)

    def __call__(self, x: jax.Array) -> jax.Array:
        """Value by value, softmax along the last axis."""
        return self.function(x)


class Sloped(nnx.Module):
    """``max(x, 0) + slope · min(x, 0)``: ``(B, …, C) -> (B, …, C)``. He et al. 2015 (arXiv:1502.01852), eq. 1."""

    def __init__(self, layer: PReLU) -> None:
        self.slope = nnx.Param(jnp.full(layer.params(), 0.25))

    def __call__(self, x: jax.Array) -> jax.Array:
        """Channel by channel."""
        return jnp.where(x > 0, x, self.slope[...].astype(x.dtype) * x)


@build_layer.register
def _(layer: Activate, numerics: Numerics, rngs: nnx.Rngs) -> Activating:
    return Activating(layer, numerics)


@build_layer.register
def _(layer: PReLU, numerics: Numerics, rngs: nnx.Rngs) -> Sloped:
    return Sloped(layer)
