"""Inverted residual blocks of MobileNet V2."""

from __future__ import annotations

from dataclasses import dataclass

from netspec.layers.base import Primitive, Shape
from netspec.layers.expect import expect_image, slide


@dataclass(frozen=True)
class InvertedResidual(Primitive):
    """``n_blocks`` of 1×1 expansion to ``m = expand·in``, 3×3 depthwise, linear 1×1: ``(H, W, in) -> (H/s, W/s, out)``.

    Every convolution has a BatchNorm; no expansion when ``expand`` is 1; identity shortcut when a block keeps its
    shape; only the first block strides.

    Parameters per block: ``[expand ≠ 1](m·in + 2·m) + 11·m + out·m + 2·out``. Source: Sandler et al. 2018
    (arXiv:1801.04381), table 1; book ch. 7.
    """

    in_channels: int
    out_channels: int
    expand: int
    stride: int
    n_blocks: int

    primitive = "inverted_residual"

    def output_shape(self, arrived: Shape) -> Shape:
        """The first block strides, the rest keep the shape."""
        expect_image(arrived, self.in_channels)
        return (*slide(arrived, 3, self.stride, "same"), self.out_channels)

    def _block(self, i: int) -> int:
        m, o = self.expand * i, self.out_channels
        return (m * i + 2 * m if self.expand != 1 else 0) + 11 * m + o * m + 2 * o

    def params(self) -> int:
        """The first block reads ``in_channels``, the rest ``out_channels``."""
        return self._block(self.in_channels) + (self.n_blocks - 1) * self._block(self.out_channels)

    def macs(self, arrived: Shape) -> int:
        """All convolutions; the first expansion runs at the resolution that arrives."""
        height, width, o = self.output_shape(arrived)
        after = height * width
        total, before, i = 0, arrived[0] * arrived[1], self.in_channels
        for _ in range(self.n_blocks):
            m = self.expand * i
            total += (before * m * i if self.expand != 1 else 0) + after * (9 * m + o * m)
            before, i = after, o
        return total
