"""Module of :class:`netspec.layers.MBConv`."""

from __future__ import annotations

from flax import nnx

from netspec.layers.mb_conv import MBConv
from netspec.modules.base import Numerics, build_layer
from netspec.modules.conv_bn import depthwise, normed_conv
from netspec.modules.inverted_residual import LinearBottleneck
from netspec.modules.squeeze_excite import SqueezeExcite


@build_layer.register
def _(layer: MBConv, numerics: Numerics, rngs: nnx.Rngs) -> nnx.Sequential:
    """SiLU throughout, as in EfficientNet (Tan & Le 2019, arXiv:1905.11946, sec. 5)."""
    o, blocks = layer.out_channels, []
    for index in range(layer.n_blocks):
        i, stride = (layer.in_channels, layer.stride) if index == 0 else (o, 1)
        m = layer.expand * i
        body = [normed_conv(numerics, i, m, 1, rngs, activation="silu")] if layer.expand != 1 else []
        body.append(depthwise(numerics, m, layer.kernel, rngs, stride=stride, activation="silu"))
        if layer.squeeze_excite:
            body.append(SqueezeExcite(numerics, m, layer.squeezed(i), rngs, activation="silu", gate="sigmoid"))
        body.append(normed_conv(numerics, m, o, 1, rngs, activation="identity"))
        blocks.append(LinearBottleneck(numerics, body, rngs, shortcut=i == o and stride == 1))
    return nnx.Sequential(*blocks)
