"""MBConv blocks of EfficientNet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from netspec.layers.base import Primitive, Shape
from netspec.layers.expect import expect_image, slide
from netspec.layers.inverted_bottleneck import divisible, inverted_bottleneck_macs, inverted_bottleneck_params, stage


@dataclass(frozen=True)
class MBConv(Primitive):
    """``n_blocks`` of 1×1 expansion, ``kernel × kernel`` depthwise, squeeze-excite, linear 1×1, with BatchNorms.

    ``(H, W, in) -> (H/s, W/s, out)``; only the first block strides. The squeeze width is a quarter of the block's
    input channels (``squeeze_from="input"``, as published) or of the expanded ones (``"expanded"``, which gives the
    counts that ch. 10 prints), at least 1.

    Parameters per block with ``m = expand·in`` and squeeze ``q``:
    ``[expand ≠ 1](m·in + 2·m) + m·kernel² + 2·m + [se](2·q·m + q + m) + out·m + 2·out``.
    Source: Tan & Le 2019 (arXiv:1905.11946); Tan et al. 2018 (arXiv:1807.11626); book ch. 8.
    """

    in_channels: int
    out_channels: int
    expand: int
    kernel: int
    stride: int
    n_blocks: int
    squeeze_excite: bool = True
    squeeze_from: Literal["input", "expanded"] = "input"
    divisor: int = 1

    primitive = "mb_conv"

    def output_shape(self, arrived: Shape) -> Shape:
        """The first block strides, the rest keep the shape."""
        expect_image(arrived, self.in_channels)
        return (*slide(arrived, self.kernel, self.stride, "same"), self.out_channels)

    def expanded(self, i: int) -> int:
        """Expanded width of a block with ``i`` input channels."""
        return divisible(self.expand * i, self.divisor)

    def squeezed(self, i: int) -> int:
        """Squeeze width of a block with ``i`` input channels."""
        return max(1, (i if self.squeeze_from == "input" else self.expanded(i)) // 4)

    def blocks(self) -> Iterator[tuple[int, int]]:
        """Input channels and stride of each block."""
        return stage(self.in_channels, self.out_channels, self.stride, self.n_blocks)

    def params(self) -> int:
        """The first block reads ``in_channels``, the rest ``out_channels``."""
        total = 0
        for i, _ in self.blocks():
            squeezed = self.squeezed(i) if self.squeeze_excite else 0
            total += inverted_bottleneck_params(i, self.expanded(i), self.out_channels, self.kernel, squeezed)
        return total

    def macs(self, arrived: Shape) -> int:
        """All convolutions, and the squeeze-excite maps once per block."""
        height, width, o = self.output_shape(arrived)
        total, before, after = 0, arrived[0] * arrived[1], height * width
        for i, _ in self.blocks():
            squeezed = self.squeezed(i) if self.squeeze_excite else 0
            total += inverted_bottleneck_macs(before, after, i, self.expanded(i), o, self.kernel, squeezed)
            before = after
        return total
