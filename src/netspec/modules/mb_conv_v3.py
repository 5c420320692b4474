"""Module of :class:`netspec.layers.MBConvV3`."""

from __future__ import annotations

from functools import partial

from flax import nnx

from netspec.layers.mb_conv_v3 import MBConvV3
from netspec.modules.base import Numerics, build_layer
from netspec.modules.inverted_residual import LinearBottleneck, inverted_bottleneck
from netspec.modules.squeeze_excite import SqueezeExcite


@build_layer.register
def _(layer: MBConvV3, numerics: Numerics, rngs: nnx.Rngs) -> LinearBottleneck:
    """The layer's activation after expansion and depthwise convolution; ReLU and hard sigmoid inside the gate."""
    i, o, m = layer.in_channels, layer.out_channels, layer.expanded_channels
    excite = partial(SqueezeExcite, numerics, m, layer.squeezed, rngs, activation="relu", gate="hard_sigmoid")
    return inverted_bottleneck(
        numerics,
        i,
        m,
        o,
        rngs,
        kernel=layer.kernel,
        stride=layer.stride,
        activation=layer.activation,
        squeeze=excite if layer.squeeze_excite else None,
    )
