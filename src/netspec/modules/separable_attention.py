"""Module of :class:`netspec.layers.SeparableAttention`."""

from __future__ import annotations

import jax
from flax import nnx

from netspec.layers.separable_attention import SeparableAttention
from netspec.modules.base import Numerics, build_layer
from netspec.modules.dtypes import at_least_float32


class Weighed(nnx.Module):
    """``(B, H, W, width) -> (B, H, W, width)``; the softmax runs in float32 at least."""

    def __init__(self, layer: SeparableAttention, numerics: Numerics, rngs: nnx.Rngs) -> None:
        width, self.patch = layer.width, layer.patch
        self.mapped = numerics.linear(width, 2 * width + 1, rngs, maps=(1, width, width))
        self.out = numerics.linear(width, width, rngs)
        self.activation = numerics.activation("relu")

    def __call__(self, x: jax.Array) -> jax.Array:
        """Score, key and value come in this order out of the first map."""
        batch, height, width, channels = x.shape
        p = self.patch
        apart = self.mapped(x).reshape(batch, height // p, p, width // p, p, -1)
        score, key, value = apart[..., :1], apart[..., 1 : channels + 1], apart[..., channels + 1 :]
        weights = nnx.softmax(at_least_float32(score), axis=(1, 3))
        context = (key * weights).sum(axis=(1, 3), keepdims=True)
        mixed = self.activation(value) * context.astype(value.dtype)
        return self.out(mixed.reshape(x.shape))


@build_layer.register
def _(layer: SeparableAttention, numerics: Numerics, rngs: nnx.Rngs) -> Weighed:
    return Weighed(layer, numerics, rngs)
