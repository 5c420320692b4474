"""Fused MBConv blocks of EfficientNet V2."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from netspec.layers.base import Primitive, Shape
from netspec.layers.expect import expect_image, slide
from netspec.layers.inverted_bottleneck import divisible, stage
from netspec.layers.squeeze_excite import squeeze_excite_macs, squeeze_excite_params


@dataclass(frozen=True)
class FusedMBConv(Primitive):
    """``n_blocks`` of ``kernel × kernel`` expansion and linear 1×1: ``(H, W, in) -> (H/s, W/s, out)``.

    Each convolution has a BatchNorm. The expanded width is ``m = expand·in``; with ``expand = 1`` the one convolution
    leads to ``m = out`` and there is no 1×1. Squeeze-excite, where asked for, has width ``q = max(1, m/4)``.

    Parameters per block: ``m·in·kernel² + 2·m + [se](2·q·m + q + m) + [expand ≠ 1](out·m + 2·out)``.
    Source: Tan & Le 2021 (arXiv:2104.00298), fig. 2; book Part 1.
    """

    in_channels: int
    out_channels: int
    expand: int
    kernel: int
    stride: int
    n_blocks: int
    squeeze_excite: bool = False
    divisor: int = 1

    primitive = "fused_mb_conv"

    def output_shape(self, arrived: Shape) -> Shape:
        """The first block strides, the rest keep the shape."""
        expect_image(arrived, self.in_channels)
        return (*slide(arrived, self.kernel, self.stride, "same"), self.out_channels)

    def expanded(self, i: int) -> int:
        """Expanded width of a block with ``i`` input channels."""
        return self.out_channels if self.single(i) else divisible(self.expand * i, self.divisor)

    def single(self, i: int) -> bool:
        """Whether a block with ``i`` input channels expands nothing and is one convolution."""
        return divisible(self.expand * i, self.divisor) == i

    def blocks(self) -> Iterator[tuple[int, int]]:
        """Input channels and stride of each block."""
        return stage(self.in_channels, self.out_channels, self.stride, self.n_blocks)

    def _block(self, i: int) -> int:
        m, o = self.expanded(i), self.out_channels
        squeeze = squeeze_excite_params(m, max(1, m // 4)) if self.squeeze_excite else 0
        return m * i * self.kernel**2 + 2 * m + squeeze + (0 if self.single(i) else o * m + 2 * o)

    def params(self) -> int:
        """The first block reads ``in_channels``, the rest ``out_channels``."""
        return sum(self._block(i) for i, _ in self.blocks())

    def macs(self, arrived: Shape) -> int:
        """All convolutions, at the resolution after the stride."""
        height, width, o = self.output_shape(arrived)
        total = 0
        for i, _ in self.blocks():
            m = self.expanded(i)
            total += height * width * (m * i * self.kernel**2 + (0 if self.single(i) else o * m))
            total += squeeze_excite_macs(m, max(1, m // 4)) if self.squeeze_excite else 0
        return total
