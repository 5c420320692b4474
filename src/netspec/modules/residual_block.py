"""Module of :class:`netspec.layers.ResidualBlock`, and the shortcut and gate it shares with the bottleneck block."""

from __future__ import annotations

from collections.abc import Sequence

import jax
from flax import nnx

from netspec.layers.residual_block import ResidualBlock
from netspec.layers.squeeze_excite import squeezed_by
from netspec.modules.base import Numerics, build_layer
from netspec.modules.conv_bn import NormedConv, normed_conv
from netspec.modules.squeeze_excite import SqueezeExcite


class ShortcutBlock(nnx.Module):
    """``relu(body(x) + shortcut(x))``: ``(B, H, W, in) -> (B, H', W', out)``.

    The shortcut is the identity, or a projection where the shape changes. Source: He et al. 2015 (arXiv:1512.03385),
    eq. 1 and 2.
    """

    def __init__(
        self, numerics: Numerics, body: Sequence[nnx.Module], projection: NormedConv | None, rngs: nnx.Rngs
    ) -> None:
        self.body = nnx.Sequential(*body, *numerics.branch_end(rngs))
        self.projection = nnx.data(projection)
        self.relu_of_sum = numerics.relu_of_sum

    def __call__(self, x: jax.Array) -> jax.Array:
        """Both paths added, then ReLU."""
        shortcut = x if self.projection is None else self.projection(x)
        return self.relu_of_sum(self.body(x), shortcut)


def projection(
    numerics: Numerics, in_channels: int, out_channels: int, stride: int, rngs: nnx.Rngs
) -> NormedConv | None:
    """1×1 convolution and BatchNorm where the shape changes, else ``None`` for the identity."""
    if in_channels == out_channels and stride == 1:
        return None
    return normed_conv(numerics, in_channels, out_channels, 1, rngs, stride=stride, activation="identity")


def gates(numerics: Numerics, channels: int, reduction: int | None, rngs: nnx.Rngs) -> tuple[nnx.Module, ...]:
    """The gate of a residual branch, if it has one (Hu et al. 2017, arXiv:1709.01507, fig. 3)."""
    if reduction is None:
        return ()
    squeezed = squeezed_by(channels, reduction)
    return (SqueezeExcite(numerics, channels, squeezed, rngs, activation="relu", gate="sigmoid"),)


@build_layer.register
def _(layer: ResidualBlock, numerics: Numerics, rngs: nnx.Rngs) -> nnx.Sequential:
    o, m, groups, blocks = layer.out_channels, layer.inner, layer.groups, []
    for index in range(layer.n_blocks):
        i, stride = (layer.in_channels, layer.first_stride) if index == 0 else (o, 1)
        body = (
            normed_conv(numerics, i, m, 3, rngs, stride=stride, groups=groups),
            normed_conv(numerics, m, o, 3, rngs, groups=groups, activation="identity"),
            *gates(numerics, o, layer.squeeze_excite, rngs),
        )
        blocks.append(ShortcutBlock(numerics, body, projection(numerics, i, o, stride, rngs), rngs))
    return nnx.Sequential(*blocks)
