"""Modules of the ConvNeXt layers."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx

from netspec.layers.convnext import ConvNeXtDownsample, ConvNeXtStage, ConvNeXtStem
from netspec.modules.base import Numerics, build_layer
from netspec.modules.dtypes import at_least_float32

#: Of the paper's implementation.
EPSILON = 1e-6
LAYER_SCALE = 1e-6


class ConvNeXtBlock(nnx.Module):
    """``x + scale · W₂ gelu(W₁ norm(depthwise(x)))``: ``(B, H, W, C) -> (B, H, W, C)``, the residual in float32.

    The layer scale starts at 1e-6, so that a fresh block is nearly the identity. Source: Liu et al. 2022
    (arXiv:2201.03545), fig. 4 and appendix A.1; GELU in its tanh form, as everywhere here.
    """

    def __init__(self, channels: int, numerics: Numerics, rngs: nnx.Rngs) -> None:
        self.depthwise = numerics.conv(channels, channels, 7, rngs, groups=channels)
        self.norm = numerics.layer_norm(channels, rngs, EPSILON)
        self.fc1 = numerics.linear(channels, 4 * channels, rngs)
        self.fc2 = numerics.linear(4 * channels, channels, rngs)
        self.gelu = numerics.activation("gelu")
        self.scale = nnx.Param(jnp.full((channels,), LAYER_SCALE, jnp.float32))
        self.end = nnx.Sequential(*numerics.branch_end(rngs))

    def __call__(self, x: jax.Array) -> jax.Array:
        """The two dense maps act per position, which is what their 1×1 convolutions do."""
        hidden = self.gelu(self.fc1(self.norm(self.depthwise(x))))
        return x + self.end(self.scale[...] * at_least_float32(self.fc2(hidden)))


@build_layer.register
def _(layer: ConvNeXtStem, numerics: Numerics, rngs: nnx.Rngs) -> nnx.Sequential:
    patch = layer.patch
    return nnx.Sequential(
        numerics.conv(layer.in_channels, layer.out_channels, patch, rngs, stride=patch, padding="valid"),
        numerics.layer_norm(layer.out_channels, rngs, EPSILON),
    )


@build_layer.register
def _(layer: ConvNeXtStage, numerics: Numerics, rngs: nnx.Rngs) -> nnx.Sequential:
    return nnx.Sequential(*[ConvNeXtBlock(layer.channels, numerics, rngs) for _ in range(layer.n_blocks)])


@build_layer.register
def _(layer: ConvNeXtDownsample, numerics: Numerics, rngs: nnx.Rngs) -> nnx.Sequential:
    return nnx.Sequential(
        numerics.layer_norm(layer.in_channels, rngs, EPSILON),
        numerics.conv(layer.in_channels, layer.out_channels, 2, rngs, stride=2, padding="valid"),
    )
