"""Module of :class:`netspec.layers.FusedMBConv`."""

from __future__ import annotations

from flax import nnx

from netspec.layers.fused_mb_conv import FusedMBConv
from netspec.modules.base import Numerics, build_layer
from netspec.modules.conv_bn import normed_conv
from netspec.modules.inverted_residual import LinearBottleneck
from netspec.modules.squeeze_excite import SqueezeExcite


@build_layer.register
def _(layer: FusedMBConv, numerics: Numerics, rngs: nnx.Rngs) -> nnx.Sequential:
    """SiLU throughout; with ``expand = 1`` the one convolution keeps its activation (Tan & Le 2021, fig. 2)."""
    o, blocks = layer.out_channels, []
    for i, stride in layer.blocks():
        m = layer.expanded(i)
        body = [normed_conv(numerics, i, m, layer.kernel, rngs, stride=stride, activation="silu")]
        if layer.squeeze_excite:
            body.append(SqueezeExcite(numerics, m, max(1, m // 4), rngs, activation="silu", gate="sigmoid"))
        if not layer.single(i):
            body.append(normed_conv(numerics, m, o, 1, rngs, activation="identity"))
        blocks.append(LinearBottleneck(numerics, body, rngs, shortcut=i == o and stride == 1))
    return nnx.Sequential(*blocks)
