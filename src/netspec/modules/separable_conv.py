"""Module of :class:`netspec.layers.SeparableConv`."""

from __future__ import annotations

from flax import nnx

from netspec.layers.separable_conv import SeparableConv
from netspec.modules.base import Numerics, build_layer
from netspec.modules.conv_bn import depthwise, normed_conv


@build_layer.register
def _(layer: SeparableConv, numerics: Numerics, rngs: nnx.Rngs) -> nnx.Sequential:
    return nnx.Sequential(
        depthwise(numerics, layer.in_channels, 3, rngs, stride=layer.stride),
        normed_conv(numerics, layer.in_channels, layer.out_channels, 1, rngs),
    )
