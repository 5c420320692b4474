"""Depthwise-separable convolution."""

from __future__ import annotations

from dataclasses import dataclass

from netspec.layers.base import Primitive, Shape
from netspec.layers.expect import expect_image, slide


@dataclass(frozen=True)
class SeparableConv(Primitive):
    """3×3 depthwise, BatchNorm, ReLU, 1×1, BatchNorm, ReLU: ``(H, W, in) -> (H/s, W/s, out)``.

    Parameters: ``9·in + 2·in + in·out + 2·out``. Source: Howard et al. 2017 (arXiv:1704.04861), fig. 3;
    Chollet 2016 (arXiv:1610.02357); book ch. 11, Xception.
    """

    in_channels: int
    out_channels: int
    stride: int

    primitive = "separable_conv"

    def output_shape(self, arrived: Shape) -> Shape:
        """Padded, strided."""
        expect_image(arrived, self.in_channels)
        return (*slide(arrived, 3, self.stride, "same"), self.out_channels)

    def params(self) -> int:
        """Depthwise kernel, pointwise kernel, two norms."""
        return 11 * self.in_channels + self.in_channels * self.out_channels + 2 * self.out_channels

    def macs(self, arrived: Shape) -> int:
        """Both kernels at every output position."""
        height, width, _ = self.output_shape(arrived)
        return height * width * (9 * self.in_channels + self.in_channels * self.out_channels)
