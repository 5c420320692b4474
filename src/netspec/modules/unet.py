"""Modules of :class:`netspec.layers.UNetDown` and :class:`netspec.layers.UNetUp`."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx

from netspec.layers.unet import UNetDown, UNetUp
from netspec.modules.base import Numerics, build_layer
from netspec.modules.bilinear_upsample import bilinear


class DoubleConvolution(nnx.Module):
    """Twice 3×3 convolution, BatchNorm, ReLU: ``(B, H, W, in) -> (B, H, W, out)``.

    The BatchNorm is the book's; Ronneberger et al. 2015 (arXiv:1505.04597) have none, and unpadded convolutions.
    """

    def __init__(self, in_channels: int, out_channels: int, numerics: Numerics, rngs: nnx.Rngs) -> None:
        self.conv1 = numerics.conv(in_channels, out_channels, 3, rngs, bias=False)
        self.norm1 = numerics.batch_norm(out_channels, rngs)
        self.conv2 = numerics.conv(out_channels, out_channels, 3, rngs, bias=False)
        self.norm2 = numerics.batch_norm(out_channels, rngs)
        self.relu = numerics.activation("relu")

    def __call__(self, x: jax.Array) -> jax.Array:
        """In float32 after each norm."""
        x = self.relu(self.norm1(self.conv1(x)))
        return self.relu(self.norm2(self.conv2(x)))


class Down(nnx.Module):
    """Down stage: ``(B, H, W, in)`` to ``(B, H/2, W/2, out)`` and the skip ``(B, H, W, out)``."""

    def __init__(self, layer: UNetDown, numerics: Numerics, rngs: nnx.Rngs) -> None:
        self.convolutions = DoubleConvolution(layer.in_channels, layer.out_channels, numerics, rngs)

    def __call__(self, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        """The pooled tensor, then the skip."""
        skip = self.convolutions(x)
        return nnx.max_pool(skip, (2, 2), strides=(2, 2)), skip


class Up(nnx.Module):
    """Up stage: ``(B, H, W, in)`` and a skip ``(B, 2H, 2W, skip)`` to ``(B, 2H, 2W, out)``."""

    def __init__(self, layer: UNetUp, numerics: Numerics, rngs: nnx.Rngs) -> None:
        transposed, width = layer.upsample == "transposed", layer.out_channels
        self.upsample = numerics.conv_transpose(layer.in_channels, width, 2, 2, rngs) if transposed else None
        joined = layer.skip + (width if transposed else layer.in_channels)
        self.convolutions = DoubleConvolution(joined, width, numerics, rngs)

    def __call__(self, x: jax.Array, *skip: jax.Array) -> jax.Array:
        """Channels of the skip come before those from below (fig. 1 of the paper); without a skip, only the latter."""
        x = bilinear(x, 2) if self.upsample is None else self.upsample(x)
        return self.convolutions(jnp.concatenate([*skip, x], axis=-1))


@build_layer.register
def _(layer: UNetDown, numerics: Numerics, rngs: nnx.Rngs) -> Down:
    return Down(layer, numerics, rngs)


@build_layer.register
def _(layer: UNetUp, numerics: Numerics, rngs: nnx.Rngs) -> Up:
    return Up(layer, numerics, rngs)
