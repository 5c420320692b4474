"""Module of :class:`netspec.layers.UniversalInvertedBottleneck`."""

from __future__ import annotations

from flax import nnx

from netspec.layers.universal_inverted_bottleneck import UniversalInvertedBottleneck
from netspec.modules.base import Numerics, build_layer
from netspec.modules.conv_bn import depthwise, normed_conv
from netspec.modules.inverted_residual import LinearBottleneck


@build_layer.register
def _(layer: UniversalInvertedBottleneck, numerics: Numerics, rngs: nnx.Rngs) -> LinearBottleneck:
    """ReLU after the expansion and the second depthwise convolution; the first is linear, as published.

    Source: Qin et al. 2024 (arXiv:2404.10518), and the authors' implementation for the activations.
    """
    i, o, m = layer.in_channels, layer.out_channels, layer.expand * layer.in_channels
    first, second = layer.first_kernel, layer.second_kernel
    at_second, at_first = (layer.stride, 1) if second else (1, layer.stride)
    body = [depthwise(numerics, i, first, rngs, stride=at_first, activation="identity")] if first else []
    body.append(normed_conv(numerics, i, m, 1, rngs, stride=1 if first else at_first))
    if second:
        body.append(depthwise(numerics, m, second, rngs, stride=at_second))
    body.append(normed_conv(numerics, m, o, 1, rngs, activation="identity"))
    return LinearBottleneck(numerics, body, rngs, shortcut=i == o and layer.stride == 1)
