"""Module of :class:`netspec.layers.ResidualBlock`, and the shortcut it shares with the bottleneck block."""

from __future__ import annotations

from collections.abc import Sequence

import jax
from flax import nnx

from netspec.layers.residual_block import ResidualBlock
from netspec.modules.base import Numerics, build_layer
from netspec.modules.conv_bn import NormedConv, normed_conv
from netspec.modules.cpu.sums_once import relu_of_sum


class ShortcutBlock(nnx.Module):
    """``relu(body(x) + shortcut(x))``: ``(B, H, W, in) -> (B, H', W', out)``.

    The shortcut is the identity, or a projection where the shape changes. Source: He et al. 2015 (arXiv:1512.03385),
    eq. 1 and 2.
    """

    def __init__(
        self, numerics: Numerics, body: Sequence[NormedConv], projection: NormedConv | None, rngs: nnx.Rngs
    ) -> None:
        self.body = nnx.Sequential(*body, *numerics.branch_end(rngs))
        self.projection = nnx.data(projection)

    def __call__(self, x: jax.Array) -> jax.Array:
        """Both paths added, then ReLU."""
        shortcut = x if self.projection is None else self.projection(x)
        return relu_of_sum(self.body(x), shortcut)


def projection(
    numerics: Numerics, in_channels: int, out_channels: int, stride: int, rngs: nnx.Rngs
) -> NormedConv | None:
    """1×1 convolution and BatchNorm where the shape changes, else ``None`` for the identity."""
    if in_channels == out_channels and stride == 1:
        return None
    return normed_conv(numerics, in_channels, out_channels, 1, rngs, stride=stride, activation="identity")


@build_layer.register
def _(layer: ResidualBlock, numerics: Numerics, rngs: nnx.Rngs) -> nnx.Sequential:
    o, blocks = layer.out_channels, []
    for index in range(layer.n_blocks):
        i, stride = (layer.in_channels, layer.first_stride) if index == 0 else (o, 1)
        body = (
            normed_conv(numerics, i, o, 3, rngs, stride=stride),
            normed_conv(numerics, o, o, 3, rngs, activation="identity"),
        )
        blocks.append(ShortcutBlock(numerics, body, projection(numerics, i, o, stride, rngs), rngs))
    return nnx.Sequential(*blocks)
