"""Modules of :class:`netspec.layers.TimeEncoding` and :class:`netspec.layers.Condition`."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
from flax import nnx

from netspec.layers.condition import Condition, TimeEncoding
from netspec.modules.base import Numerics, build_layer
from netspec.modules.dtypes import at_least_float32


class EncodedTime(nnx.Module):
    """``(B, 1) -> (B, width)`` in float32 at least; see the layer."""

    def __init__(self, layer: TimeEncoding) -> None:
        self.layer = layer

    def __call__(self, time: jax.Array) -> jax.Array:
        """Sines and cosines of the time by ``half`` frequencies."""
        half = self.layer.width // 2
        steps = max(half - 1, 1) if self.layer.last else half
        time = at_least_float32(time)
        phase = time * jnp.exp(-math.log(10000) * jnp.arange(half, dtype=time.dtype) / steps)
        waves = [jnp.sin(phase), jnp.cos(phase)]
        return jnp.concatenate(waves if self.layer.first == "sine" else waves[::-1], axis=-1)


class Conditioned(nnx.Module):
    """``(B, H, W, C), (B, width) -> (B, H, W, C)``; see the layer."""

    def __init__(self, layer: Condition, numerics: Numerics, rngs: nnx.Rngs) -> None:
        self.projection = numerics.linear(layer.width, layer.mapped, rngs)
        self.activation = numerics.activation(layer.activation)
        self.form = layer.form

    def __call__(self, x: jax.Array, vector: jax.Array) -> jax.Array:
        """Scale comes before shift in what the map leaves."""
        mapped = at_least_float32(self.projection(self.activation(vector)))[:, None, None]
        if self.form == "add":
            return x + mapped
        if self.form == "scale":
            return x * mapped
        scale, shift = jnp.split(mapped, 2, axis=-1)
        return x * (1 + scale) + shift


@build_layer.register
def _(layer: TimeEncoding, numerics: Numerics, rngs: nnx.Rngs) -> EncodedTime:
    return EncodedTime(layer)


@build_layer.register
def _(layer: Condition, numerics: Numerics, rngs: nnx.Rngs) -> Conditioned:
    return Conditioned(layer, numerics, rngs)
