"""Module of :class:`netspec.layers.BilinearUpsample`."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
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

    def __init__(self, scale: int) -> None:
        self.scale = scale

    def __call__(self, x: jax.Array) -> jax.Array:
        """See :func:`bilinear`."""
        return bilinear(x, self.scale)


@build_layer.register
def _(layer: BilinearUpsample, numerics: Numerics, rngs: nnx.Rngs) -> Upsample:
    return Upsample(layer.scale)
