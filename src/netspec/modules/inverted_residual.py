"""Module of :class:`netspec.layers.InvertedResidual`, and the identity shortcut its descendants share."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flax import nnx

from netspec.layers.inverted_residual import InvertedResidual
from netspec.modules.base import Numerics, build_layer
from netspec.modules.conv_bn import depthwise, normed_conv


class LinearBottleneck(nnx.Module):
    """``body(x)``, plus ``x`` where the shape is kept; no activation after the sum.

    Source: Sandler et al. 2018 (arXiv:1801.04381), fig. 4d.
    """

    def __init__(self, numerics: Numerics, body: Sequence[Callable], rngs: nnx.Rngs, *, shortcut: bool):
        self.body = nnx.Sequential(*body, *(numerics.branch_end(rngs) if shortcut else ()))
        self.shortcut = shortcut

    def __call__(self, x):
        """``(B, H, W, in) -> (B, H', W', out)``."""
        return x + self.body(x) if self.shortcut else self.body(x)


@build_layer.register
def _(layer: InvertedResidual, numerics: Numerics, rngs: nnx.Rngs) -> nnx.Sequential:
    o, blocks = layer.out_channels, []
    for index in range(layer.n_blocks):
        i, stride = (layer.in_channels, layer.stride) if index == 0 else (o, 1)
        m = layer.expand * i
        body = [normed_conv(numerics, i, m, 1, rngs, activation="relu6")] if layer.expand != 1 else []
        body += [
            depthwise(numerics, m, 3, rngs, stride=stride, activation="relu6"),
            normed_conv(numerics, m, o, 1, rngs, activation="identity"),
        ]
        blocks.append(LinearBottleneck(numerics, body, rngs, shortcut=i == o and stride == 1))
    return nnx.Sequential(*blocks)
