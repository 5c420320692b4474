"""Module of :class:`netspec.layers.BottleneckBlock`."""

from __future__ import annotations

from flax import nnx

from netspec.layers.bottleneck_block import BottleneckBlock
from netspec.modules.base import Numerics, build_layer
from netspec.modules.conv_bn import normed_conv
from netspec.modules.residual_block import ShortcutBlock, gates, projection


@build_layer.register
def _(layer: BottleneckBlock, numerics: Numerics, rngs: nnx.Rngs) -> nnx.Sequential:
    o, m, blocks = layer.out_channels, layer.inner, []
    for index in range(layer.n_blocks):
        i, stride = (layer.in_channels, layer.first_stride) if index == 0 else (o, 1)
        body = (
            normed_conv(numerics, i, m, 1, rngs),
            normed_conv(numerics, m, m, 3, rngs, stride=stride, groups=layer.groups),
            normed_conv(numerics, m, o, 1, rngs, activation="identity"),
            *gates(numerics, o, layer.squeeze_excite, rngs),
        )
        blocks.append(ShortcutBlock(numerics, body, projection(numerics, i, o, stride, rngs), rngs))
    return nnx.Sequential(*blocks)
