"""Module of :class:`netspec.layers.Conv2d`."""

from __future__ import annotations

import jax
from flax import nnx

from netspec.layers.conv2d import Conv2d
from netspec.layers.convolution import Convolution
from netspec.modules.base import Numerics, build_layer


class Convolved(nnx.Module):
    """A convolution with bias and its activation: ``(B, H, W, in) -> (B, H', W', out)``."""

    def __init__(self, layer: Conv2d, numerics: Numerics, rngs: nnx.Rngs) -> None:
        self.conv = plain_convolution(layer, numerics, rngs, bias=True)
        self.activation = numerics.activation(layer.activation)

    def __call__(self, x: jax.Array) -> jax.Array:
        """Convolution, activation."""
        return self.activation(self.conv(x))


def plain_convolution(
    layer: Convolution, numerics: Numerics, rngs: nnx.Rngs, *, bias: bool
) -> nnx.Conv | nnx.ConvTranspose:
    """The convolution that the fields of ``layer`` describe, transposed or not."""
    channels = (layer.in_channels, layer.out_channels)
    if layer.transposed:
        return numerics.conv_transpose(*channels, layer.kernel, layer.stride, rngs, bias=bias)
    return numerics.conv(*channels, layer.kernel, rngs, stride=layer.stride, padding=layer.padding, bias=bias)


@build_layer.register
def _(layer: Conv2d, numerics: Numerics, rngs: nnx.Rngs) -> Convolved:
    return Convolved(layer, numerics, rngs)
