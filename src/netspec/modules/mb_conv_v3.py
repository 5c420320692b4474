"""Module of :class:`netspec.layers.MBConvV3`."""

from __future__ import annotations

from flax import nnx

from netspec.layers.mb_conv_v3 import MBConvV3
from netspec.modules.base import Numerics, build_layer
from netspec.modules.conv_bn import depthwise, normed_conv
from netspec.modules.inverted_residual import LinearBottleneck
from netspec.modules.squeeze_excite import SqueezeExcite


@build_layer.register
def _(layer: MBConvV3, numerics: Numerics, rngs: nnx.Rngs) -> LinearBottleneck:
    """The layer's activation after expansion and depthwise convolution; ReLU and hard sigmoid inside the gate."""
    i, o, m, activation = layer.in_channels, layer.out_channels, layer.expanded_channels, layer.activation
    body = [normed_conv(numerics, i, m, 1, rngs, activation=activation)] if m != i else []
    body.append(depthwise(numerics, m, layer.kernel, rngs, stride=layer.stride, activation=activation))
    if layer.squeeze_excite:
        body.append(SqueezeExcite(numerics, m, layer.squeezed, rngs, activation="relu", gate="hard_sigmoid"))
    body.append(normed_conv(numerics, m, o, 1, rngs, activation="identity"))
    return LinearBottleneck(numerics, body, rngs, shortcut=i == o and layer.stride == 1)
