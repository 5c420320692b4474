"""Modules of the layers in :mod:`netspec.layers.norms`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jax import lax

from netspec.layers.norms import (
    BatchNorm,
    GlobalResponseNorm,
    InstanceNorm,
    LayerNorm,
    LocalResponseNorm,
    RMSNorm,
    ScaleChannels,
    ShiftChannels,
    UnitLength,
)
from netspec.modules.base import Numerics, build_layer
from netspec.modules.dtypes import at_least_float32


class Normed(nnx.Module):
    """A norm and an activation: ``(B, …, C) -> (B, …, C)``."""

    def __init__(self, norm: nnx.Module, activation: Callable[[jax.Array], jax.Array]) -> None:
        self.norm = norm
        self.activation = activation

    def __call__(self, x: jax.Array) -> jax.Array:
        """Norm, activation."""
        norm: Any = self.norm
        return self.activation(norm(x))


class FrozenBatchNorm(nnx.Module):
    """``scale · (x − mean) / √(var + epsilon) + bias`` with four tensors that nothing trains: ``(B, …, C)`` to itself.

    Source: He et al. 2017 (arXiv:1703.06870), sec. 3.1.
    """

    def __init__(self, channels: int, numerics: Numerics) -> None:
        self.scale, self.bias = nnx.BatchStat(jnp.ones(channels)), nnx.BatchStat(jnp.zeros(channels))
        self.mean, self.var = nnx.BatchStat(jnp.zeros(channels)), nnx.BatchStat(jnp.ones(channels))
        self.epsilon = numerics.conventions.batch_norm_epsilon
        self.dtype = numerics.wide_dtype

    def __call__(self, x: jax.Array) -> jax.Array:
        """One factor and one shift per channel."""
        scale, bias, mean, var = (
            tensor[...].astype(self.dtype) for tensor in (self.scale, self.bias, self.mean, self.var)
        )
        factor = scale * lax.rsqrt(var + self.epsilon)
        return x.astype(self.dtype) * factor + (bias - mean * factor)


class InstanceNormed(nnx.Module):
    """Each channel of each image by its own mean and variance: ``(B, H, W, C) -> (B, H, W, C)``.

    Source: Ulyanov et al. 2016 (arXiv:1607.08022), eq. 3.
    """

    def __init__(self, layer: InstanceNorm, numerics: Numerics) -> None:
        self.scale = nnx.data(nnx.Param(jnp.ones(layer.channels)) if layer.affine else None)
        self.bias = nnx.data(nnx.Param(jnp.zeros(layer.channels)) if layer.affine else None)
        self.epsilon = numerics.conventions.group_norm_epsilon

    def __call__(self, x: jax.Array) -> jax.Array:
        """In float32 at least."""
        x = at_least_float32(x)
        centred = x - x.mean((1, 2), keepdims=True)
        y = centred * lax.rsqrt(jnp.square(centred).mean((1, 2), keepdims=True) + self.epsilon)
        if self.scale is None or self.bias is None:
            return y
        return y * self.scale[...].astype(y.dtype) + self.bias[...].astype(y.dtype)


class ResponseNormed(nnx.Module):
    """``x + scale · (x · N) + bias``: ``(B, H, W, C) -> (B, H, W, C)``. Woo et al. 2023 (arXiv:2301.00808), alg. 1."""

    def __init__(self, layer: GlobalResponseNorm) -> None:
        self.scale = nnx.Param(jnp.zeros(layer.channels))
        self.bias = nnx.Param(jnp.zeros(layer.channels))

    def __call__(self, x: jax.Array) -> jax.Array:
        """``N`` is each channel's Euclidean norm over the positions by the mean of these norms, plus 1e-6."""
        x = at_least_float32(x)
        # The smallest normal number keeps the slope of the root finite where a channel is zero everywhere.
        norms = jnp.sqrt(jnp.square(x).sum((1, 2), keepdims=True) + jnp.finfo(x.dtype).tiny)
        relative = norms / (norms.mean(-1, keepdims=True) + 1e-6)
        return x + self.scale[...].astype(x.dtype) * (x * relative) + self.bias[...].astype(x.dtype)


class NeighbourNormed(nnx.Module):
    """Local response normalisation, ``(B, …, C) -> (B, …, C)``; see the layer."""

    def __init__(self, layer: LocalResponseNorm) -> None:
        self.layer = layer

    def __call__(self, x: jax.Array) -> jax.Array:
        """The window holds ``size // 2`` channels in front."""
        size, x = self.layer.size, at_least_float32(x)
        still = [(0, 0)] * (x.ndim - 1)
        squares = jnp.pad(jnp.square(x), [*still, (size // 2, (size - 1) // 2)])
        total = sum(lax.slice_in_dim(squares, start, start + x.shape[-1], axis=-1) for start in range(size))
        return x * (self.layer.k + self.layer.alpha / size * total) ** -self.layer.beta


class Scaled(nnx.Module):
    """Each channel times its factor: ``(B, …, C) -> (B, …, C)``."""

    def __init__(self, layer: ScaleChannels) -> None:
        self.scale = nnx.Param(jnp.full(layer.channels, layer.initial))

    def __call__(self, x: jax.Array) -> jax.Array:
        """In the type that arrives."""
        return x * self.scale[...].astype(x.dtype)


class Shifted(nnx.Module):
    """To each channel its number: ``(B, …, C) -> (B, …, C)``."""

    def __init__(self, layer: ShiftChannels) -> None:
        self.shift = nnx.Param(jnp.zeros(layer.channels))

    def __call__(self, x: jax.Array) -> jax.Array:
        """In the type that arrives."""
        return x + self.shift[...].astype(x.dtype)


@build_layer.register
def _(layer: BatchNorm, numerics: Numerics, rngs: nnx.Rngs) -> Normed:
    frozen = layer.frozen
    norm = FrozenBatchNorm(layer.channels, numerics) if frozen else numerics.batch_norm(layer.channels, rngs)
    return Normed(norm, numerics.activation(layer.activation))


@build_layer.register
def _(layer: LayerNorm, numerics: Numerics, rngs: nnx.Rngs) -> nnx.LayerNorm:
    if layer.bias and layer.scale:
        return numerics.layer_norm(layer.channels, rngs, layer.epsilon)
    epsilon, wide = numerics.norm_epsilon(layer.epsilon), numerics.wide_dtype
    return nnx.LayerNorm(
        layer.channels,
        epsilon=epsilon,
        use_bias=layer.bias,
        use_scale=layer.scale,
        use_fast_variance=False,
        dtype=wide,
        rngs=rngs,
    )


@build_layer.register
def _(layer: RMSNorm, numerics: Numerics, rngs: nnx.Rngs) -> nnx.Module:
    return numerics.norm("rms", layer.channels, rngs, layer.epsilon)


@build_layer.register
def _(layer: InstanceNorm, numerics: Numerics, rngs: nnx.Rngs) -> Normed:
    return Normed(InstanceNormed(layer, numerics), numerics.activation(layer.activation))


@build_layer.register
def _(layer: GlobalResponseNorm, numerics: Numerics, rngs: nnx.Rngs) -> ResponseNormed:
    return ResponseNormed(layer)


@build_layer.register
def _(layer: LocalResponseNorm, numerics: Numerics, rngs: nnx.Rngs) -> NeighbourNormed:
    return NeighbourNormed(layer)


@build_layer.register
def _(layer: ScaleChannels, numerics: Numerics, rngs: nnx.Rngs) -> Scaled:
    return Scaled(layer)


@build_layer.register
def _(layer: ShiftChannels, numerics: Numerics, rngs: nnx.Rngs) -> Shifted:
    return Shifted(layer)


class OfUnitLength(nnx.Module):
    """``(B, …, C) -> (B, …, C)`` in float32."""

    def __init__(self, layer: UnitLength) -> None:
        self.shortest = layer.shortest

    def __call__(self, x: jax.Array) -> jax.Array:
        """Vectors over their lengths; the gradient of a vector of zeros is finite."""
        x = at_least_float32(x)
        squared = (x * x).sum(-1, keepdims=True)
        return x / jnp.sqrt(jnp.maximum(squared, self.shortest**2))


@build_layer.register
def _(layer: UnitLength, numerics: Numerics, rngs: nnx.Rngs) -> OfUnitLength:
    return OfUnitLength(layer)
