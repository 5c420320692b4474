"""Basic residual blocks of ResNet-18 and ResNet-34."""

from __future__ import annotations

from dataclasses import dataclass

from netspec.layers.base import Primitive, Shape
from netspec.layers.expect import expect_image, slide


@dataclass(frozen=True)
class ResidualBlock(Primitive):
    """``n_blocks`` basic blocks, ``x + BN(conv3×3(relu(BN(conv3×3(x)))))``, ReLU: ``(H, W, in) -> (H/s, W/s, out)``.

    Only the first block has stride ``s = first_stride`` and, when the shape changes, a projection shortcut (1×1
    convolution and BatchNorm).

    Parameters with ``o = out``: ``18·o² + 4·o`` per block; the first, when it projects,
    ``9·in·o + 9·o² + in·o + 6·o``. Source: He et al. 2015 (arXiv:1512.03385), fig. 5 left; book ch. 6.
    """

    in_channels: int
    out_channels: int
    n_blocks: int
    first_stride: int

    primitive = "residual_block"

    @property
    def projects(self) -> bool:
        """Whether the first block has a projection shortcut."""
        return self.in_channels != self.out_channels or self.first_stride != 1

    def output_shape(self, arrived: Shape) -> Shape:
        """The first block strides, the rest keep the shape."""
        expect_image(arrived, self.in_channels)
        return (*slide(arrived, 3, self.first_stride, "same"), self.out_channels)

    def params(self) -> int:
        """Two convolutions and norms per block, and the projection."""
        i, o = self.in_channels, self.out_channels
        inner = 18 * o * o + 4 * o
        first = 9 * i * o + 9 * o * o + i * o + 6 * o if self.projects else inner
        return first + (self.n_blocks - 1) * inner

    def macs(self, arrived: Shape) -> int:
        """All convolutions, at the resolution after the stride."""
        height, width, o = self.output_shape(arrived)
        i = self.in_channels
        first = 9 * i * o + 9 * o * o + (i * o if self.projects else 0)
        return height * width * (first + (self.n_blocks - 1) * 18 * o * o)
