"""Module of :class:`netspec.layers.MaxPool`."""

from __future__ import annotations

import jax
from flax import nnx

from netspec.layers.max_pool import MaxPool
from netspec.modules.base import Numerics, build_layer


class MaxPooling(nnx.Module):
    """Maximum over windows, ``(B, H, W, C) -> (B, H', W', C)``; padding is minus infinity."""

    def __init__(self, layer: MaxPool, numerics: Numerics) -> None:
        self.layer = layer
        self.padding = numerics.same_padding(layer.window) if layer.padding == "same" else "VALID"

    def __call__(self, x: jax.Array) -> jax.Array:
        """The largest value under each window, channel by channel."""
        window, stride = self.layer.window, self.layer.stride
        return nnx.max_pool(x, (window, window), strides=(stride, stride), padding=self.padding)


@build_layer.register
def _(layer: MaxPool, numerics: Numerics, rngs: nnx.Rngs) -> MaxPooling:
    return MaxPooling(layer, numerics)
