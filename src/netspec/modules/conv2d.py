"""Module of :class:`netspec.layers.Conv2d`, and the convolution that it shares with :class:`netspec.layers.ConvBN`."""

from __future__ import annotations

import jax
from flax import nnx

from netspec.layers.conv2d import Conv2d
from netspec.layers.convolution import Convolution
from netspec.layers.window import both, sides
from netspec.modules.base import Numerics, build_layer


class Convolved(nnx.Module):
    """A convolution with bias and its activation: ``(B, H, W, in) -> (B, H', W', out)``."""

    def __init__(self, layer: Conv2d, numerics: Numerics, rngs: nnx.Rngs) -> None:
        self.conv = plain_convolution(layer, numerics, rngs)
        self.activation = numerics.activation(layer.activation)

    def __call__(self, x: jax.Array) -> jax.Array:
        """Convolution, activation."""
        return self.activation(self.conv(x))


class TransposedConv(nnx.Conv):
    """A transposed convolution whose padding is given: ``(B, H, W, in) -> (B, H', W', out)``.

    ``kernel`` is ``(k, k, in/groups, out)`` and slides over the input with ``stride − 1`` zeros between its values: it
    is the kernel of the convolution whose gradient this is, turned around. Source: Dumoulin & Visin 2016
    (arXiv:1603.07285), sec. 4.
    """

    def __init__(self, layer: Convolution, numerics: Numerics, rngs: nnx.Rngs) -> None:
        reaches = (hole * (size - 1) for hole, size in zip(both(layer.dilation), both(layer.kernel), strict=True))
        added = both(layer.output_padding)
        front_and_behind = tuple(
            (reach - before, reach - after + more)
            for reach, (before, after), more in zip(reaches, sides(layer.padding), added, strict=True)
        )
        super().__init__(
            layer.in_channels,
            layer.out_channels,
            both(layer.kernel),
            padding=front_and_behind,
            input_dilation=both(layer.stride),
            kernel_dilation=both(layer.dilation),
            feature_group_count=layer.groups,
            use_bias=layer.bias,
            dtype=numerics.compute_dtype,
            kernel_init=numerics.scheme.kernel,
            bias_init=numerics.scheme.bias,
            rngs=rngs,
        )


def plain_convolution(layer: Convolution, numerics: Numerics, rngs: nnx.Rngs) -> nnx.Conv | nnx.ConvTranspose:
    """The convolution that the fields of ``layer`` describe, transposed or not."""
    channels = (layer.in_channels, layer.out_channels)
    if not layer.transposed:
        return numerics.conv(
            *channels,
            layer.kernel,
            rngs,
            stride=layer.stride,
            padding=layer.padding,
            groups=layer.groups,
            dilation=layer.dilation,
            bias=layer.bias,
        )
    if layer.padding == "same":
        assert isinstance(layer.kernel, int) and isinstance(layer.stride, int)  # or the layer would not pass its check
        return numerics.conv_transpose(*channels, layer.kernel, layer.stride, rngs, bias=layer.bias)
    return TransposedConv(layer, numerics, rngs)


@build_layer.register
def _(layer: Conv2d, numerics: Numerics, rngs: nnx.Rngs) -> Convolved:
    return Convolved(layer, numerics, rngs)
