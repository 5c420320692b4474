"""Module of :class:`netspec.layers.MBConv`."""

from __future__ import annotations

from functools import partial

from flax import nnx

from netspec.layers.mb_conv import MBConv
from netspec.modules.base import Numerics, build_layer
from netspec.modules.inverted_residual import inverted_bottleneck
from netspec.modules.squeeze_excite import SqueezeExcite


@build_layer.register
def _(layer: MBConv, numerics: Numerics, rngs: nnx.Rngs) -> nnx.Sequential:
    """SiLU throughout, as in EfficientNet (Tan & Le 2019, arXiv:1905.11946, sec. 5)."""
    o, blocks = layer.out_channels, []
    for i, stride in layer.blocks():
        m, q = layer.expanded(i), layer.squeezed(i)
        excite = partial(SqueezeExcite, numerics, m, q, rngs, activation="silu", gate="sigmoid")
        block = partial(inverted_bottleneck, squeeze=excite if layer.squeeze_excite else None)
        blocks.append(block(numerics, i, m, o, rngs, kernel=layer.kernel, stride=stride, activation="silu"))
    return nnx.Sequential(*blocks)
