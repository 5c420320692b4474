"""Residual blocks of Darknet-53."""

from __future__ import annotations

from dataclasses import dataclass

from netspec.errors import LayerError
from netspec.layers.base import Primitive, Shape
from netspec.layers.expect import expect_image


@dataclass(frozen=True)
class DarknetBlock(Primitive):
    """``n_blocks`` of 1×1 to ``c/2`` and 3×3 back to ``c``, with BatchNorms, plus identity: ``(H, W, c) -> (H, W, c)``.

    Parameters per block: ``5·c² + 3·c``. Source: Redmon & Farhadi 2018 (arXiv:1804.02767), table 1; book ch. 11,
    def. 90.
    """

    channels: int
    n_blocks: int

    primitive = "darknet_block"

    def check(self) -> None:
        """Raise :class:`LayerError` when half the channels is not whole."""
        super().check()
        if self.channels % 2:
            raise LayerError("the block halves its channels", arrived=self.channels, expected="an even number")

    def output_shape(self, arrived: Shape) -> Shape:
        """Unchanged."""
        expect_image(arrived, self.channels)
        return arrived

    def params(self) -> int:
        """Two convolutions with norms per block."""
        return self.n_blocks * (5 * self.channels**2 + 3 * self.channels)

    def macs(self, arrived: Shape) -> int:
        """Two convolutions per block."""
        return self.n_blocks * arrived[0] * arrived[1] * 5 * self.channels**2
