"""Modules of the layers of :mod:`netspec.layers.places`."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from netspec.layers.places import FourierFeatures, GridPositions, PixelCentres, PointShares
from netspec.modules.base import Numerics, build_layer
from netspec.modules.dtypes import at_least_float32

#: What the code of DETR adds to the last coordinate before it divides by it.
SMALL = 1e-6


class OnGrid(nnx.Module):
    """``(B, H, W, C) -> (B, H, W, width)`` in float32 at least; see the layer."""

    def __init__(self, layer: GridPositions, numerics: Numerics) -> None:
        self.layer, self.dtype = layer, numerics.wide_dtype

    def __call__(self, x: jax.Array) -> jax.Array:
        """The same for each of the batch."""
        table = table_of(self.layer, x.shape[1], x.shape[2])
        return jnp.broadcast_to(jnp.asarray(table, self.dtype), (x.shape[0], *table.shape))


def table_of(layer: GridPositions, height: int, width: int) -> np.ndarray:
    """``(height, width, layer.width)`` in float64."""
    pairs = layer.width // 4
    rates = 10_000.0 ** -(np.arange(pairs) / pairs)
    scaled = layer.kind == "scaled"

    def waves(side: int) -> np.ndarray:
        places = np.arange(1, side + 1) / (side + SMALL) * 2 * math.pi if scaled else np.arange(side)
        angles = places[:, None] * rates
        if scaled:
            return np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(side, -1)
        return np.concatenate([np.sin(angles), np.cos(angles)], axis=-1)

    down = np.broadcast_to(waves(height)[:, None], (height, width, 2 * pairs))
    across = np.broadcast_to(waves(width)[None], (height, width, 2 * pairs))
    return np.concatenate([down, across] if scaled else [across, down], axis=-1)


class Centres(nnx.Module):
    """``(B, H, W, C) -> (B, H, W, 2)``."""

    def __init__(self, numerics: Numerics) -> None:
        self.dtype = numerics.wide_dtype

    def __call__(self, x: jax.Array) -> jax.Array:
        """Column, row."""
        rows, columns = ((np.arange(side) + 0.5) / side for side in x.shape[1:3])
        table = np.stack(np.meshgrid(columns, rows), axis=-1)
        return jnp.broadcast_to(jnp.asarray(table, self.dtype), (x.shape[0], *table.shape))


class Shares(nnx.Module):
    """``(B, …, 2) -> (B, …, 2)`` in float32 at least."""

    def __init__(self, layer: PointShares) -> None:
        self.sides = (layer.width, layer.height)

    def __call__(self, points: jax.Array) -> jax.Array:
        """Column by width, row by height."""
        points = at_least_float32(points)
        return (points + 0.5) / jnp.asarray(self.sides, points.dtype)


class Waves(nnx.Module):
    """``(B, …, coordinates) -> (B, …, 2·features)`` in float32 at least."""

    def __init__(self, layer: FourierFeatures, rngs: nnx.Rngs) -> None:
        shape = (layer.coordinates, layer.features)
        self.matrix = nnx.Param(jax.random.normal(rngs.params(), shape, jnp.float32))

    def __call__(self, x: jax.Array) -> jax.Array:
        """Sines, then cosines."""
        x = at_least_float32(x)
        angles = 2 * math.pi * ((2 * x - 1) @ self.matrix[...].astype(x.dtype))
        return jnp.concatenate([jnp.sin(angles), jnp.cos(angles)], axis=-1)


@build_layer.register
def _(layer: GridPositions, numerics: Numerics, rngs: nnx.Rngs) -> OnGrid:
    return OnGrid(layer, numerics)


@build_layer.register
def _(layer: PixelCentres, numerics: Numerics, rngs: nnx.Rngs) -> Centres:
    return Centres(numerics)


@build_layer.register
def _(layer: PointShares, numerics: Numerics, rngs: nnx.Rngs) -> Shares:
    return Shares(layer)


@build_layer.register
def _(layer: FourierFeatures, numerics: Numerics, rngs: nnx.Rngs) -> Waves:
    return Waves(layer, rngs)
