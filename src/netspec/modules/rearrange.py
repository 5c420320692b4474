"""Modules of the layers in :mod:`netspec.layers.rearrange`: functions of what arrives, without tensors of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from netspec.layers.rearrange import (
    Channels,
    Crop,
    DepthToSpace,
    ExpectedBin,
    JoinCropped,
    PadChannels,
    PadImage,
    ShuffleChannels,
    SpaceToDepth,
)
from netspec.modules.base import Numerics, build_layer
from netspec.modules.dtypes import at_least_float32
from netspec.modules.shuffle_block import channel_shuffle


class Applied(nnx.Module):
    """A function of a layer's fields and of what arrives and is read."""

    def __init__(self, function: Callable[..., jax.Array], layer: Any) -> None:
        self.function = function
        self.layer = layer

    def __call__(self, *tensors: jax.Array) -> jax.Array:
        """With the batch as first axis."""
        return self.function(self.layer, *tensors)


def some_channels(layer: Channels, x: jax.Array) -> jax.Array:
    """``(B, …, C) -> (B, …, stop − start)``."""
    return x[..., layer.start : layer.stop]


def shuffled(layer: ShuffleChannels, x: jax.Array) -> jax.Array:
    """``(B, …, C) -> (B, …, C)``."""
    return channel_shuffle(x, layer.groups)


def more_channels(layer: PadChannels, x: jax.Array) -> jax.Array:
    """``(B, …, C) -> (B, …, before + C + after)``."""
    return jnp.pad(x, [*[(0, 0)] * (x.ndim - 1), (layer.before, layer.after)])


def padded(layer: PadImage, x: jax.Array) -> jax.Array:
    """``(B, H, W, C)`` with rows and columns on its sides."""
    mode: Any = "constant" if layer.mode == "zeros" else layer.mode
    return jnp.pad(x, ((0, 0), (layer.top, layer.bottom), (layer.left, layer.right), (0, 0)), mode=mode)


def cropped(layer: Crop, x: jax.Array) -> jax.Array:
    """``(B, H, W, C)`` without some rows and columns."""
    return x[:, layer.top : x.shape[1] - layer.bottom, layer.left : x.shape[2] - layer.right]


def join_cropped(layer: JoinCropped, x: jax.Array, saved: jax.Array) -> jax.Array:
    """``(B, H, W, a), (B, H', W', b) -> (B, H, W, b + a)``, or padded to ``(B, H', W', b + a)``."""
    top, left = ((wide - size) // 2 for wide, size in zip(saved.shape[1:3], x.shape[1:3], strict=True))
    if layer.fit == "pad":
        bottom, right = (
            wide - size - before for wide, size, before in zip(saved.shape[1:3], x.shape[1:3], (top, left), strict=True)
        )
        x = jnp.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)))
        top = left = 0
    middle = saved[:, top : top + x.shape[1], left : left + x.shape[2]]
    return jnp.concatenate([middle, x] if layer.first == "saved" else [x, middle], axis=-1)


def depth_to_space(layer: DepthToSpace, x: jax.Array) -> jax.Array:
    """``(B, H, W, C·s²) -> (B, s·H, s·W, C)``."""
    batch, height, width, channels = x.shape
    s = layer.scale
    if layer.first == "pixels":
        apart = x.reshape(batch, height, width, s, s, channels // s**2).transpose(0, 1, 3, 2, 4, 5)
    else:
        apart = x.reshape(batch, height, width, channels // s**2, s, s).transpose(0, 1, 4, 2, 5, 3)
    return apart.reshape(batch, s * height, s * width, channels // s**2)


def space_to_depth(layer: SpaceToDepth, x: jax.Array) -> jax.Array:
    """``(B, s·H, s·W, C) -> (B, H, W, C·s²)``."""
    batch, height, width, channels = x.shape
    s = layer.scale
    apart = x.reshape(batch, height // s, s, width // s, s, channels).transpose(0, 1, 3, 5, 2, 4)
    return apart.reshape(batch, height // s, width // s, channels * s**2)


def expected_bin(layer: ExpectedBin, x: jax.Array) -> jax.Array:
    """``(B, …, n·bins) -> (B, …, n)`` in float32 at least."""
    apart = at_least_float32(x).reshape(*x.shape[:-1], -1, layer.bins)
    return nnx.softmax(apart) @ jnp.arange(layer.bins, dtype=apart.dtype)


def _register(kind: type, function: Callable[..., jax.Array]) -> None:
    def build(layer: Any, numerics: Numerics, rngs: nnx.Rngs) -> nnx.Module:
        return Applied(function, layer)

    build_layer.register(kind, build)


_register(Channels, some_channels)
_register(ShuffleChannels, shuffled)
_register(PadChannels, more_channels)
_register(PadImage, padded)
_register(Crop, cropped)
_register(JoinCropped, join_cropped)
_register(DepthToSpace, depth_to_space)
_register(SpaceToDepth, space_to_depth)
_register(ExpectedBin, expected_bin)
