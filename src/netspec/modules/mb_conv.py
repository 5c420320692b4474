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
        m, width, gate = layer.expand * i, layer.squeezed(i), {"activation": "silu", "gate": "sigmoid"}
        squeeze = partial(SqueezeExcite, numerics, m, width, rngs, **gate) if layer.squeeze_excite else None
        options = {"kernel": layer.kernel, "stride": stride, "activation": "silu", "squeeze": squeeze}
        blocks.append(inverted_bottleneck(numerics, i, m, o, rngs, **options))
    return nnx.Sequential(*blocks)
