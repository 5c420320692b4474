"""Modules of the layers in :mod:`netspec.layers.gates`."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx

from netspec.layers.gates import ConvBlockAttention, EfficientChannelAttention, SqueezeExcite
from netspec.modules import squeeze_excite
from netspec.modules.base import Numerics, build_layer
from netspec.modules.dtypes import at_least_float32


class AlongChannels(nnx.Module):
    """``x · sigmoid(conv(mean(x)))``: ``(B, H, W, C) -> (B, H, W, C)``. Wang et al. 2019 (arXiv:1910.03151), eq. 9."""

    def __init__(self, layer: EfficientChannelAttention, numerics: Numerics, rngs: nnx.Rngs) -> None:
        self.conv = numerics.conv(1, 1, (layer.kernel, 1), rngs, bias=False)
        self.gate = numerics.activation("sigmoid")

    def __call__(self, x: jax.Array) -> jax.Array:
        """The channels stand as rows of an image of one column."""
        pooled = at_least_float32(x).mean((1, 2))[:, :, None, None]
        return x * self.gate(at_least_float32(self.conv(pooled)))[:, None, None, :, 0, 0]


class ChannelsThenPositions(nnx.Module):
    """Two gates, one after the other: ``(B, H, W, C) -> (B, H, W, C)``. Woo et al. 2018 (arXiv:1807.06521)."""

    def __init__(self, layer: ConvBlockAttention, numerics: Numerics, rngs: nnx.Rngs) -> None:
        self.squeeze = numerics.linear(layer.channels, layer.squeezed, rngs, bias=False)
        self.excite = numerics.linear(layer.squeezed, layer.channels, rngs, bias=False)
        self.conv = numerics.conv(2, 1, layer.kernel, rngs, bias=False)
        self.activation, self.gate = numerics.activation("relu"), numerics.activation("sigmoid")

    def __call__(self, x: jax.Array) -> jax.Array:
        """Eq. 2, then eq. 3."""
        wide = at_least_float32(x)
        pooled = jnp.stack([wide.mean((1, 2)), wide.max((1, 2))])
        both = at_least_float32(self.excite(self.activation(self.squeeze(pooled)))).sum(0)
        x = wide * self.gate(both)[:, None, None]
        seen = jnp.stack([x.mean(-1), x.max(-1)], axis=-1)
        return x * self.gate(at_least_float32(self.conv(seen)))


@build_layer.register
def _(layer: SqueezeExcite, numerics: Numerics, rngs: nnx.Rngs) -> squeeze_excite.SqueezeExcite:
    return squeeze_excite.SqueezeExcite(
        numerics, layer.channels, layer.squeezed, rngs, activation=layer.activation, gate=layer.gate
    )


@build_layer.register
def _(layer: EfficientChannelAttention, numerics: Numerics, rngs: nnx.Rngs) -> AlongChannels:
    return AlongChannels(layer, numerics, rngs)


@build_layer.register
def _(layer: ConvBlockAttention, numerics: Numerics, rngs: nnx.Rngs) -> ChannelsThenPositions:
    return ChannelsThenPositions(layer, numerics, rngs)
