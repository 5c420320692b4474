"""Module of :class:`netspec.layers.DarknetBlock`."""

from __future__ import annotations

from flax import nnx

from netspec.layers.darknet_block import DarknetBlock
from netspec.modules.base import Numerics, build_layer
from netspec.modules.conv_bn import normed_conv
from netspec.modules.inverted_residual import LinearBottleneck


def darknet_blocks(
    numerics: Numerics, channels: int, n_blocks: int, rngs: nnx.Rngs, activation: str
) -> list[LinearBottleneck]:
    """``x + f(x)`` with ``f`` 1×1 to half the channels and 3×3 back: ``(B, H, W, C) -> (B, H, W, C)``.

    Each convolution is activated before the sum, nothing behind it. Source: Redmon & Farhadi 2018
    (arXiv:1804.02767), table 1.
    """
    blocks = []
    for _ in range(n_blocks):
        body = (
            normed_conv(numerics, channels, channels // 2, 1, rngs, activation=activation),
            normed_conv(numerics, channels // 2, channels, 3, rngs, activation=activation),
        )
        blocks.append(LinearBottleneck(numerics, body, rngs, shortcut=True))
    return blocks


@build_layer.register
def _(layer: DarknetBlock, numerics: Numerics, rngs: nnx.Rngs) -> nnx.Sequential:
    return nnx.Sequential(*darknet_blocks(numerics, layer.channels, layer.n_blocks, rngs, "leaky_relu"))
