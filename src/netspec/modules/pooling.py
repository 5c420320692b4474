"""Modules of the layers in :mod:`netspec.layers.pooling`, and where windows that reach over the end are padded."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import lax

from netspec.layers.base import Shape
from netspec.layers.max_pool import MaxPool
from netspec.layers.pooling import AdaptiveAvgPool, AvgPool, GlobalMaxPool, LpPool
from netspec.layers.window import Sides, both, left_by, sides
from netspec.modules.base import Numerics, build_layer
from netspec.modules.dtypes import at_least_float32


def window_sides(layer: AvgPool | MaxPool, shape: Shape) -> Sides:
    """Padding of an image of ``shape``, by numbers, with what a last window reaches over the end."""
    left = left_by(shape, layer.window, layer.stride, layer.padding, ceil=layer.ceil)
    reached = [
        (before, max(after, step * (count - 1) + size - n - before))
        for n, count, size, step, (before, after) in zip(
            shape[:2], left, both(layer.window), both(layer.stride), sides(layer.padding), strict=True
        )
    ]
    return reached[0], reached[1]


def window_sums(x: jax.Array, layer: AvgPool, padding: Sides) -> jax.Array:
    """Sums under each window of ``(B, H, W, C)``, zeros beside the image."""
    window, steps = (1, *both(layer.window), 1), (1, *both(layer.stride), 1)
    return lax.reduce_window(x, 0.0, lax.add, window, steps, ((0, 0), *padding, (0, 0)))


class AvgPooling(nnx.Module):
    """Mean over windows, ``(B, H, W, C) -> (B, H', W', C)``, summed in float32."""

    def __init__(self, layer: AvgPool, numerics: Numerics) -> None:
        self.layer = layer
        self.same = numerics.same_padding(layer.window)

    def padding(self, shape: Shape) -> Sides:
        """Rows and columns in front and behind an image ``(H, W, C)``."""
        if self.layer.padding != "same":
            return window_sides(self.layer, shape)
        if isinstance(self.same, str):
            found = lax.padtype_to_pads(shape[:2], both(self.layer.window), both(self.layer.stride), self.same)
            return found[0], found[1]
        return self.same

    def __call__(self, x: jax.Array) -> jax.Array:
        """Sums by how many positions count under each window, which the shape decides."""
        layer, x, padding = self.layer, at_least_float32(x), self.padding(x.shape[1:])
        counted = np.ones((1, *x.shape[1:3], 1), x.dtype)
        if layer.count_padding:
            own = sides(layer.padding) if layer.padding != "same" else padding
            counted = np.pad(counted, ((0, 0), *own, (0, 0)), constant_values=1)
            beyond = [(0, whole[1] - part[1]) for whole, part in zip(padding, own, strict=True)]
            number = window_sums(jnp.asarray(counted), layer, (beyond[0], beyond[1]))
        else:
            number = window_sums(jnp.asarray(counted), layer, padding)
        return window_sums(x, layer, padding) / number


class PowerPooling(nnx.Module):
    """A root of the sum of powers over windows, ``(B, H, W, C) -> (B, H', W', C)``, summed in float32."""

    def __init__(self, layer: LpPool) -> None:
        self.layer = layer

    def __call__(self, x: jax.Array) -> jax.Array:
        """The gradient of a window of zeros is zero."""
        layer, x = self.layer, at_least_float32(x)
        window, steps = (1, *both(layer.window), 1), (1, *both(layer.stride), 1)
        total = lax.reduce_window(x**layer.power, 0.0, lax.add, window, steps, "VALID")
        # Both branches of a where are differentiated, so the one not taken must be finite, too.
        return jnp.where(total > 0, jnp.where(total > 0, total, 1) ** (1 / layer.power), 0)


class AdaptiveAverage(nnx.Module):
    """Means over regions that tile the image: ``(B, H, W, C) -> (B, *size, C)``, summed in float32."""

    def __init__(self, layer: AdaptiveAvgPool) -> None:
        self.size = both(layer.size)

    def __call__(self, x: jax.Array) -> jax.Array:
        """A product with each axis' shares."""
        x = at_least_float32(x)
        down, across = (jnp.asarray(shares(n, m), x.dtype) for n, m in zip(x.shape[1:3], self.size, strict=True))
        return jnp.einsum("in,bnmc,jm->bijc", down, x, across)


def shares(n: int, regions: int) -> np.ndarray:
    """How much of each of ``n`` positions every region takes: ``(regions, n)``, rows of sum 1."""
    starts = np.arange(regions) * n // regions
    ends = -(-(np.arange(regions) + 1) * n // regions)
    inside = (starts[:, None] <= np.arange(n)) & (np.arange(n) < ends[:, None])
    return inside / inside.sum(1, keepdims=True)


class GlobalMaximum(nnx.Module):
    """Maximum over all positions: ``(B, …, C) -> (B, C)``."""

    def __call__(self, x: jax.Array) -> jax.Array:
        """The largest value of each channel."""
        return x.max(axis=tuple(range(1, x.ndim - 1)))


@build_layer.register
def _(layer: AvgPool, numerics: Numerics, rngs: nnx.Rngs) -> AvgPooling:
    return AvgPooling(layer, numerics)


@build_layer.register
def _(layer: AdaptiveAvgPool, numerics: Numerics, rngs: nnx.Rngs) -> AdaptiveAverage:
    return AdaptiveAverage(layer)


@build_layer.register
def _(layer: LpPool, numerics: Numerics, rngs: nnx.Rngs) -> PowerPooling:
    return PowerPooling(layer)


@build_layer.register
def _(layer: GlobalMaxPool, numerics: Numerics, rngs: nnx.Rngs) -> GlobalMaximum:
    return GlobalMaximum()
