"""Bottleneck residual blocks of ResNet-50 and deeper."""

from __future__ import annotations

from dataclasses import dataclass

from netspec.errors import LayerError
from netspec.layers.base import Primitive, Shape
from netspec.layers.expect import expect_image, slide


@dataclass(frozen=True)
class BottleneckBlock(Primitive):
    """``n_blocks`` of 1×1 to ``m = out/4``, 3×3, 1×1 to ``out``, each with BatchNorm, around a shortcut.

    ``(H, W, in) -> (H/s, W/s, out)``. The stride ``s = first_stride`` sits on the first 3×3; the first shortcut
    projects when the shape changes.

    Parameters: ``2·m·out + 9·m² + 4·m + 2·out`` per block; the first, when it projects,
    ``m·in + 9·m² + m·out + in·out + 4·m + 4·out``. Source: He et al. 2015 (arXiv:1512.03385), fig. 5 right; the
    stride as in torchvision; book ch. 11, ResNet.
    """

    in_channels: int
    out_channels: int
    n_blocks: int
    first_stride: int

    primitive = "bottleneck_block"

    @property
    def projects(self) -> bool:
        """Whether the first block has a projection shortcut."""
        return self.in_channels != self.out_channels or self.first_stride != 1

    def check(self) -> None:
        """Raise :class:`LayerError` when the bottleneck width is not whole."""
        super().check()
        if self.out_channels % 4:
            problem = "the bottleneck is a quarter of the output"
            raise LayerError(problem, arrived=f"out_channels={self.out_channels}", expected="a multiple of 4")

    def output_shape(self, arrived: Shape) -> Shape:
        """The first block strides, the rest keep the shape."""
        expect_image(arrived, self.in_channels)
        return (*slide(arrived, 3, self.first_stride, "same"), self.out_channels)

    def params(self) -> int:
        """Three convolutions and norms per block, and the projection."""
        i, o, m = self.in_channels, self.out_channels, self.out_channels // 4
        inner = 2 * m * o + 9 * m * m + 4 * m + 2 * o
        first = m * i + 9 * m * m + m * o + i * o + 4 * m + 4 * o if self.projects else inner
        return first + (self.n_blocks - 1) * inner

    def macs(self, arrived: Shape) -> int:
        """All convolutions; the very first 1×1 still runs at the resolution that arrives."""
        height, width, o = self.output_shape(arrived)
        i, m, positions = self.in_channels, o // 4, height * width
        first = arrived[0] * arrived[1] * i * m + positions * (9 * m * m + m * o + (i * o if self.projects else 0))
        return first + (self.n_blocks - 1) * positions * (2 * m * o + 9 * m * m)
