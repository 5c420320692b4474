"""MBConv blocks of EfficientNet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from netspec.layers.base import Primitive, Shape
from netspec.layers.expect import expect_image, slide
from netspec.layers.squeeze_excite import squeeze_excite_macs, squeeze_excite_params


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

    primitive = "mb_conv"

    def output_shape(self, arrived: Shape) -> Shape:
        """The first block strides, the rest keep the shape."""
        expect_image(arrived, self.in_channels)
        return (*slide(arrived, self.kernel, self.stride, "same"), self.out_channels)

    def squeezed(self, i: int) -> int:
        """Squeeze width of a block with ``i`` input channels."""
        return max(1, (i if self.squeeze_from == "input" else self.expand * i) // 4)

    def _block(self, i: int) -> int:
        m, o = self.expand * i, self.out_channels
        expansion = m * i + 2 * m if self.expand != 1 else 0
        squeeze = squeeze_excite_params(m, self.squeezed(i)) if self.squeeze_excite else 0
        return expansion + m * self.kernel**2 + 2 * m + squeeze + o * m + 2 * o

    def params(self) -> int:
        """The first block reads ``in_channels``, the rest ``out_channels``."""
        return self._block(self.in_channels) + (self.n_blocks - 1) * self._block(self.out_channels)

    def macs(self, arrived: Shape) -> int:
        """All convolutions, and the squeeze-excite maps once per block."""
        height, width, o = self.output_shape(arrived)
        after = height * width
        total, before, i = 0, arrived[0] * arrived[1], self.in_channels
        for _ in range(self.n_blocks):
            m = self.expand * i
            total += (before * m * i if self.expand != 1 else 0) + after * (m * self.kernel**2 + o * m)
            total += squeeze_excite_macs(m, self.squeezed(i)) if self.squeeze_excite else 0
            before, i = after, o
        return total
