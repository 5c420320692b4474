"""MBConv block of MobileNet V3."""

from __future__ import annotations

from dataclasses import dataclass

from netspec.layers.activation import Activation
from netspec.layers.base import Primitive, Shape
from netspec.layers.expect import expect_image, slide
from netspec.layers.inverted_bottleneck import inverted_bottleneck_macs, inverted_bottleneck_params


@dataclass(frozen=True)
class MBConvV3(Primitive):
    """One block with the expanded width ``m = expanded_channels`` given outright: ``(H, W, in) -> (H/s, W/s, out)``.

    1×1 expansion (none when ``m = in``), depthwise, squeeze-excite of width ``q = max(1, m/4)``, linear 1×1, each
    convolution with BatchNorm.

    Parameters: ``[m ≠ in](m·in + 2·m) + m·kernel² + 2·m + [se](2·q·m + q + m) + out·m + 2·out``.
    Source: Howard et al. 2019 (arXiv:1905.02244), table 1; book Part 1.
    """

    in_channels: int
    out_channels: int
    expanded_channels: int
    kernel: int
    stride: int
    squeeze_excite: bool
    activation: Activation = "hard_swish"

    primitive = "mb_conv_v3"

    def output_shape(self, arrived: Shape) -> Shape:
        """Padded, strided."""
        expect_image(arrived, self.in_channels)
        return (*slide(arrived, self.kernel, self.stride, "same"), self.out_channels)

    @property
    def squeezed(self) -> int:
        """Squeeze width."""
        return max(1, self.expanded_channels // 4)

    def params(self) -> int:
        """Up to three convolutions with norms, and squeeze-excite."""
        i, o, m = self.in_channels, self.out_channels, self.expanded_channels
        return inverted_bottleneck_params(i, m, o, self.kernel, self.squeezed if self.squeeze_excite else 0)

    def macs(self, arrived: Shape) -> int:
        """All convolutions; the expansion runs at the resolution that arrives."""
        height, width, o = self.output_shape(arrived)
        i, m, before = self.in_channels, self.expanded_channels, arrived[0] * arrived[1]
        return inverted_bottleneck_macs(
            before, height * width, i, m, o, self.kernel, self.squeezed if self.squeeze_excite else 0
        )
