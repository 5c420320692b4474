"""Module of :class:`netspec.layers.BilinearUpsample`."""

from __future__ import annotations

import jax
from flax import nnx

from netspec.layers.bilinear_upsample import BilinearUpsample
from netspec.modules.base import Numerics, build_layer


def bilinear(x, scale: int):
    """Interpolate ``(B, H, W, C) -> (B, scale·H, scale·W, C)``.

    Output ``i`` reads the input at ``(i + ½)/scale − ½``, held at the border: pixels are areas, not their corners.
    """
    batch, height, width, channels = x.shape
    return jax.image.resize(x, (batch, scale * height, scale * width, channels), "bilinear")


class Upsample(nnx.Module):
    """``(B, H, W, C) -> (B, scale·H, scale·W, C)`` without parameters."""

    def __init__(self, scale: int):
        self.scale = scale

    def __call__(self, x):
        """See :func:`bilinear`."""
        return bilinear(x, self.scale)


@build_layer.register
def _(layer: BilinearUpsample, numerics: Numerics, rngs: nnx.Rngs) -> Upsample:
    return Upsample(layer.scale)
