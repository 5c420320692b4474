"""Module of :class:`netspec.layers.InvertedResidual`, and the identity shortcut its descendants share."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flax import nnx

from netspec.layers.inverted_residual import InvertedResidual
from netspec.modules.base import Numerics, build_layer
from netspec.modules.conv_bn import depthwise, normed_conv
from netspec.modules.squeeze_excite import SqueezeExcite


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


def inverted_bottleneck(
    numerics: Numerics,
    i: int,
    m: int,
    o: int,
    rngs: nnx.Rngs,
    *,
    kernel: int,
    stride: int,
    activation: str,
    squeeze: Callable[[], SqueezeExcite] | None = None,
) -> LinearBottleneck:
    """1×1 from ``i`` to ``m`` channels unless they are as many, depthwise, what ``squeeze`` makes, linear 1×1 to ``o``.

    ``activation`` follows the first two. See :func:`netspec.layers.inverted_bottleneck.inverted_bottleneck_params`.
    """
    body: list[nnx.Module] = [normed_conv(numerics, i, m, 1, rngs, activation=activation)] if m != i else []
    body.append(depthwise(numerics, m, kernel, rngs, stride=stride, activation=activation))
    if squeeze is not None:
        body.append(squeeze())
    body.append(normed_conv(numerics, m, o, 1, rngs, activation="identity"))
    return LinearBottleneck(numerics, body, rngs, shortcut=i == o and stride == 1)


@build_layer.register
def _(layer: InvertedResidual, numerics: Numerics, rngs: nnx.Rngs) -> nnx.Sequential:
    o, options = layer.out_channels, {"kernel": 3, "activation": "relu6"}
    return nnx.Sequential(
        *[
            inverted_bottleneck(numerics, i, layer.expand * i, o, rngs, stride=stride, **options)
            for i, stride in layer.blocks()
        ]
    )
