"""Cross-stage partial block."""

from __future__ import annotations

from dataclasses import dataclass

from netspec.errors import LayerError
from netspec.layers.base import Primitive, Shape
from netspec.layers.expect import expect_image


@dataclass(frozen=True)
class CSPBlock(Primitive):
    """Two 1×1 paths to ``a = in/2``, Darknet blocks on one, concatenation, 1×1: ``(H, W, in) -> (H, W, out)``.

    All convolutions have BatchNorms. Parameters: ``2·(in·a + 2·a) + n_blocks·(5·a² + 3·a) + in·out + 2·out``.
    Source: Wang et al. 2019 (arXiv:1911.11929), fig. 2b; book ch. 11, def. 91.
    """

    in_channels: int
    out_channels: int
    n_blocks: int

    primitive = "csp_block"

    def check(self) -> None:
        """Raise :class:`LayerError` when the halves cannot be halved again."""
        super().check()
        if self.in_channels % 4:
            raise LayerError(
                "the block halves its channels twice", arrived=self.in_channels, expected="a multiple of 4"
            )

    def output_shape(self, arrived: Shape) -> Shape:
        """The same sides, ``out`` channels."""
        height, width = expect_image(arrived, self.in_channels)
        return (height, width, self.out_channels)

    def params(self) -> int:
        """Two entry convolutions, the blocks, the exit convolution."""
        i, o, a = self.in_channels, self.out_channels, self.in_channels // 2
        return 2 * (i * a + 2 * a) + self.n_blocks * (5 * a * a + 3 * a) + i * o + 2 * o

    def macs(self, arrived: Shape) -> int:
        """All convolutions."""
        i, o, a = self.in_channels, self.out_channels, self.in_channels // 2
        return arrived[0] * arrived[1] * (2 * i * a + self.n_blocks * 5 * a * a + i * o)
