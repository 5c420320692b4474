"""Module of :class:`netspec.layers.ASPP`."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx

from netspec.layers.aspp import ASPP
from netspec.modules.base import Numerics, build_layer

#: Dilations of the three 3×3 paths, those of output stride 16 (Chen et al. 2017, arXiv:1706.05587, section 3.3).
RATES = (6, 12, 18)


class ConvNormReLU(nnx.Module):
    """Convolution with bias, BatchNorm, ReLU: ``(B, H, W, in) -> (B, H, W, out)``."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel: int, numerics: Numerics, rngs: nnx.Rngs, dilation: int = 1
    ) -> None:
        self.conv = numerics.conv(in_channels, out_channels, kernel, rngs, dilation=dilation)
        self.norm = numerics.batch_norm(out_channels, rngs)
        self.relu = numerics.activation("relu")

    def __call__(self, x: jax.Array) -> jax.Array:
        """Taps of a dilated kernel lie ``dilation`` apart; those outside the image read zeros."""
        return self.relu(self.norm(self.conv(x)))


class AtrousPyramid(nnx.Module):
    """Atrous spatial pyramid pooling, ``(B, H, W, in) -> (B, H, W, out)`` (Chen et al. 2018, arXiv:1802.02611).

    In training mode the norm of the pooled path has one value per example to normalise, so the batch needs several.
    """

    def __init__(self, layer: ASPP, numerics: Numerics, rngs: nnx.Rngs) -> None:
        i, o = layer.in_channels, layer.out_channels
        self.point = ConvNormReLU(i, o, 1, numerics, rngs)
        self.atrous = nnx.List([ConvNormReLU(i, o, 3, numerics, rngs, rate) for rate in RATES])
        self.pooled = ConvNormReLU(i, o, 1, numerics, rngs)
        self.fuse = ConvNormReLU((len(RATES) + 2) * o, o, 1, numerics, rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        """The five paths in the order of fig. 2: point, three rates, image pooling."""
        mean = self.pooled(x.mean((1, 2), keepdims=True))
        paths = [self.point(x), *(path(x) for path in self.atrous)]
        # Bilinear interpolation of a single pixel is that pixel everywhere.
        paths.append(jnp.broadcast_to(mean, paths[0].shape))
        return self.fuse(jnp.concatenate(paths, axis=-1))


@build_layer.register
def _(layer: ASPP, numerics: Numerics, rngs: nnx.Rngs) -> AtrousPyramid:
    return AtrousPyramid(layer, numerics, rngs)
