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
    i, o, m, width = layer.in_channels, layer.out_channels, layer.expanded_channels, layer.squeezed
    gate = {"activation": "relu", "gate": "hard_sigmoid"}
    squeeze = partial(SqueezeExcite, numerics, m, width, rngs, **gate) if layer.squeeze_excite else None
    options = {"kernel": layer.kernel, "stride": layer.stride, "activation": layer.activation, "squeeze": squeeze}
    return inverted_bottleneck(numerics, i, m, o, rngs, **options)
