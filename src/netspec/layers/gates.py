"""Attention over channels and positions, as a convolutional block takes it: parts that keep the shape."""

from __future__ import annotations

from dataclasses import dataclass

from netspec.errors import LayerError
from netspec.layers.activation import Activation
from netspec.layers.base import Primitive, Shape
from netspec.layers.expect import expect_image
from netspec.layers.squeeze_excite import squeeze_excite_macs, squeeze_excite_params


class _Gate(Primitive):
    """A factor between zero and one for each channel or position: ``(H, W, C) -> (H, W, C)``."""

    channels: int

    def output_shape(self, arrived: Shape) -> Shape:
        """Unchanged."""
        expect_image(arrived, self.channels)
        return arrived


@dataclass(frozen=True)
class SqueezeExcite(_Gate):
    """``x · gate(W₂ activation(W₁ mean(x)))``, a factor per channel: ``(H, W, C) -> (H, W, C)``.

    Parameters with ``q = squeezed``: ``2·q·C + q + C``.
    Source: Hu et al. 2017 (arXiv:1709.01507), eq. 2 to 4; MobileNetV3 (arXiv:1905.02244) has ``gate="hard_sigmoid"``.
    """

    channels: int
    squeezed: int
    activation: Activation = "relu"
    gate: Activation = "sigmoid"

    primitive = "squeeze_excite"

    def params(self) -> int:
        """Two dense maps with bias."""
        return squeeze_excite_params(self.channels, self.squeezed)

    def macs(self, arrived: Shape) -> int:
        """Both maps, once per image."""
        return squeeze_excite_macs(self.channels, self.squeezed)


def _expect_odd(kernel: int) -> None:
    if kernel % 2 == 0:
        raise LayerError("the kernel has a middle", arrived=kernel, expected="an odd number")


@dataclass(frozen=True)
class EfficientChannelAttention(_Gate):
    """``x · sigmoid(conv(mean(x)))`` with a convolution along the channels: ``(H, W, C) -> (H, W, C)``.

    It is padded with zeros and has no bias. Parameters: ``kernel``.
    Source: Wang et al. 2019 (arXiv:1910.03151), eq. 9.
    """

    channels: int
    kernel: int = 3

    primitive = "efficient_channel_attention"

    def check(self) -> None:
        """Raise :class:`LayerError` for a kernel without a middle."""
        super().check()
        _expect_odd(self.kernel)

    def params(self) -> int:
        """The kernel."""
        return self.kernel

    def macs(self, arrived: Shape) -> int:
        """The kernel at every channel, once per image."""
        return self.kernel * self.channels


@dataclass(frozen=True)
class ConvBlockAttention(_Gate):
    """A factor per channel, then one per position: ``(H, W, C) -> (H, W, C)``.

    The first is ``sigmoid(f(mean(x)) + f(max(x)))``, ``f`` two dense maps without biases and a ReLU between them; the
    second ``sigmoid`` of a ``kernel × kernel`` convolution without bias over the mean and the maximum of the channels.

    Parameters with ``q = squeezed``: ``2·q·C + 2·kernel²``. Source: Woo et al. 2018 (arXiv:1807.06521), eq. 2 and 3.
    """

    channels: int
    squeezed: int
    kernel: int = 7

    primitive = "conv_block_attention"

    def check(self) -> None:
        """Raise :class:`LayerError` for a kernel without a middle."""
        super().check()
        _expect_odd(self.kernel)

    def params(self) -> int:
        """Both maps, the kernel over two channels."""
        return 2 * self.squeezed * self.channels + 2 * self.kernel**2

    def macs(self, arrived: Shape) -> int:
        """Both maps twice per image, the kernel at every position."""
        return 4 * self.squeezed * self.channels + arrived[0] * arrived[1] * 2 * self.kernel**2
