"""Module of :class:`netspec.layers.ConvBN`, which most convolutional idioms are made of."""

from __future__ import annotations

from collections.abc import Callable

import jax
from flax import nnx

from netspec.layers.conv_bn import ConvBN
from netspec.modules.base import Numerics, build_layer
from netspec.modules.conv2d import plain_convolution


class NormedConv(nnx.Module):
    """Convolution without bias, BatchNorm, activation: ``(B, H, W, in) -> (B, H', W', out)`` in float32.

    Source: Ioffe & Szegedy 2015 (arXiv:1502.03167), sec. 3.2: the norm's shift takes the place of the bias.
    """

    def __init__(
        self, conv: nnx.Conv | nnx.ConvTranspose, norm: nnx.BatchNorm, activation: Callable[[jax.Array], jax.Array]
    ) -> None:
        self.conv = conv
        self.norm = norm
        self.activation = activation

    def __call__(self, x: jax.Array) -> jax.Array:
        """Convolution, norm, activation."""
        return self.activation(self.norm(self.conv(x)))


def normed_conv(
    numerics: Numerics,
    in_channels: int,
    out_channels: int,
    kernel: int,
    rngs: nnx.Rngs,
    *,
    stride: int = 1,
    groups: int = 1,
    activation: str = "relu",
) -> NormedConv:
    """A padded convolution without bias, its BatchNorm, its activation."""
    conv = numerics.conv(in_channels, out_channels, kernel, rngs, stride=stride, groups=groups, bias=False)
    return NormedConv(conv, numerics.batch_norm(out_channels, rngs), numerics.activation(activation))


def depthwise(
    numerics: Numerics, channels: int, kernel: int, rngs: nnx.Rngs, *, stride: int = 1, activation: str = "relu"
) -> NormedConv:
    """One kernel per channel, its BatchNorm, its activation."""
    return normed_conv(
        numerics, channels, channels, kernel, rngs, stride=stride, groups=channels, activation=activation
    )


@build_layer.register
def _(layer: ConvBN, numerics: Numerics, rngs: nnx.Rngs) -> NormedConv:
    conv = plain_convolution(layer, numerics, rngs)
    return NormedConv(conv, numerics.batch_norm(layer.out_channels, rngs), numerics.activation(layer.activation))
