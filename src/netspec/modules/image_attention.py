"""Module of :class:`netspec.layers.ImageAttention`."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx

from netspec.layers.image_attention import ImageAttention
from netspec.modules.attention import attend
from netspec.modules.base import Numerics, build_layer
from netspec.modules.conv_bn import depthwise, normed_conv
from netspec.modules.cpu.attention import written_out


class AttendedImage(nnx.Module):
    """``(B, H, W, C) -> (B, H, W, C)``: what leaves has no residual connection yet; see the layer."""

    def __init__(self, layer: ImageAttention, numerics: Numerics, rngs: nnx.Rngs) -> None:
        c, k = layer.channels, layer.key_channels
        self.layer = layer

        def mapped(width: int) -> nnx.Module:
            if layer.normed:
                return normed_conv(numerics, c, width, 1, rngs, activation="identity")
            return numerics.linear(c, width, rngs)

        self.query, self.key, self.value = mapped(k), mapped(k), mapped(c)
        self.position = nnx.data(depthwise(numerics, c, 3, rngs, activation="identity") if layer.normed else None)
        self.out = mapped(c)

    def __call__(self, x: jax.Array) -> jax.Array:
        """Heads side by side among the channels of each map."""
        query, key, value = self.query(x), self.key(x), self.value(x)
        tokens = (x.shape[0], x.shape[1] * x.shape[2], self.layer.heads, -1)
        query, key, value_of = query.reshape(tokens), key.reshape(tokens), value.reshape(tokens)
        if query.shape == value_of.shape:
            attended = attend(query, key, value_of)
        else:  # jax's own function wants keys as wide as values
            attended = written_out(query, key, value_of, None, None, is_causal=False)
        attended = jnp.reshape(attended, value.shape)
        if self.position is not None:
            attended = attended + self.position(value)
        return self.out(attended)


@build_layer.register
def _(layer: ImageAttention, numerics: Numerics, rngs: nnx.Rngs) -> AttendedImage:
    return AttendedImage(layer, numerics, rngs)
