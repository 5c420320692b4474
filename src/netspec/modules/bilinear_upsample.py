"""Module of :class:`netspec.layers.BilinearUpsample`."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import lax

from netspec.layers.bilinear_upsample import BilinearUpsample
from netspec.modules.base import Numerics, build_layer


def bilinear(x: jax.Array, scale: int) -> jax.Array:
    """Interpolate ``(B, H, W, C) -> (B, scale·H, scale·W, C)``.

    Output ``i`` reads the input at ``(i + ½)/scale − ½``, held at the border: pixels are areas, not their corners.
    Written with shifted slices, because ``jax.image.resize`` multiplies by matrices as wide as the image.
    """
    return _stretch(_stretch(x, scale, axis=1), scale, axis=2)


def corner_aligned(x: jax.Array, scale: int) -> jax.Array:
    """Interpolate ``(B, H, W, C) -> (B, scale·H, scale·W, C)`` with the corner pixels of both on each other.

    Output ``i`` of ``m`` reads the input of ``n`` at ``i (n − 1)/(m − 1)``.
    """
    for axis in (1, 2):
        size = x.shape[axis]
        place = np.arange(scale * size) * (size - 1) / max(scale * size - 1, 1)
        left = np.minimum(place.astype(int), max(size - 2, 0))
        share = jnp.asarray(place - left, x.dtype).reshape(-1, *[1] * (3 - axis))
        right = np.minimum(left + 1, size - 1)
        x = (1 - share) * x.take(left, axis) + share * x.take(right, axis)
    return x


def _stretch(x: jax.Array, scale: int, axis: int) -> jax.Array:
    """Along one axis: every output between two inputs is their mean, weighted by where it lies between them."""
    size = x.shape[axis]

    def window(start: Any) -> jax.Array:
        return lax.slice_in_dim(held, start, start + size, axis=axis)

    held = jnp.concatenate(
        [lax.slice_in_dim(x, 0, 1, axis=axis), x, lax.slice_in_dim(x, size - 1, size, axis=axis)], axis
    )
    phases = []
    for position in ((phase + 0.5) / scale - 0.5 for phase in range(scale)):
        left = int(position >= 0)
        share = position % 1
        phases.append((1 - share) * window(left) + share * window(left + 1))
    return jnp.stack(phases, axis + 1).reshape(*x.shape[:axis], scale * size, *x.shape[axis + 1 :])


class Upsample(nnx.Module):
    """``(B, H, W, C) -> (B, scale·H, scale·W, C)`` without parameters."""

    def __init__(self, scale: int, numerics: Numerics) -> None:
        self.scale = scale
        self.aligned = numerics.conventions.resize == "align_corners"

    def __call__(self, x: jax.Array) -> jax.Array:
        """See :func:`bilinear` and :func:`corner_aligned`."""
        return corner_aligned(x, self.scale) if self.aligned else bilinear(x, self.scale)


@build_layer.register
def _(layer: BilinearUpsample, numerics: Numerics, rngs: nnx.Rngs) -> Upsample:
    return Upsample(layer.scale, numerics)
