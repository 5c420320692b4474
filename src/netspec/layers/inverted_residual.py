"""Inverted residual blocks of MobileNet V2."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from netspec.layers.base import Primitive, Shape
from netspec.layers.expect import expect_image, slide
from netspec.layers.inverted_bottleneck import inverted_bottleneck_macs, inverted_bottleneck_params, stage


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

    def blocks(self) -> Iterator[tuple[int, int]]:
        """Input channels and stride of each block."""
        return stage(self.in_channels, self.out_channels, self.stride, self.n_blocks)

    def params(self) -> int:
        """The first block reads ``in_channels``, the rest ``out_channels``."""
        return sum(inverted_bottleneck_params(i, self.expand * i, self.out_channels, 3) for i, _ in self.blocks())

    def macs(self, arrived: Shape) -> int:
        """All convolutions; the first expansion runs at the resolution that arrives."""
        height, width, o = self.output_shape(arrived)
        total, before, after = 0, arrived[0] * arrived[1], height * width
        for i, _ in self.blocks():
            total += inverted_bottleneck_macs(before, after, i, self.expand * i, o, 3)
            before = after
        return total
