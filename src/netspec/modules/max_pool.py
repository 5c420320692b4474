"""Module of :class:`netspec.layers.MaxPool`."""

from __future__ import annotations

import jax
from flax import nnx

from netspec.layers.max_pool import MaxPool
from netspec.layers.window import both
from netspec.modules.base import Numerics, build_layer, given_padding, same_padding
from netspec.modules.pooling import window_sides


class MaxPooling(nnx.Module):
    """Maximum over windows, ``(B, H, W, C) -> (B, H', W', C)``; padding is minus infinity.

    Without ``numerics``, windows lie as the book has them.
    """

    def __init__(self, layer: MaxPool, numerics: Numerics | None = None) -> None:
        self.layer = layer
        same = same_padding if numerics is None else numerics.same_padding
        self.padding = given_padding(layer.window, layer.padding, same)

    def __call__(self, x: jax.Array) -> jax.Array:
        """The largest value under each window, channel by channel."""
        padding = (
            window_sides(self.layer, x.shape[1:]) if self.layer.ceil and self.layer.padding != "same" else self.padding
        )
        return nnx.max_pool(x, both(self.layer.window), strides=both(self.layer.stride), padding=padding)


@build_layer.register
def _(layer: MaxPool, numerics: Numerics, rngs: nnx.Rngs) -> MaxPooling:
    return MaxPooling(layer, numerics)
