"""MobileViT block."""

from __future__ import annotations

from dataclasses import dataclass

from netspec.layers.base import Primitive, Shape
from netspec.layers.expect import expect_divides, expect_image


@dataclass(frozen=True)
class MobileViTBlock(Primitive):
    """Convolution, a transformer across 2×2 patches, fusion with the input: ``(H, W, c) -> (H, W, c)``.

    3×3 convolution, 1×1 to ``width`` without norm, ``n_blocks`` transformer blocks over the patches (pixels at the
    same place of every patch attend to each other), LayerNorm, 1×1 back, concatenation with the input, 3×3 to ``c``;
    the other three convolutions have BatchNorms. Sides that are odd are made even for the transformer by bilinear
    interpolation and taken back behind it, as in the released code.

    Parameters with ``d = width``, ``m = mlp_width``: ``27·c² + 2·c·d + 6·c + 2·d
    + n_blocks·(4·(d² + d) + 2·d·m + m + d + 4·d)``. The chapter counts ``4·d`` for ``2·d`` and the second bias of the
    MLP as wide as the first. Source: Mehta & Rastegari 2021 (arXiv:2110.02178), fig. 1b; book ch. 11, def. 87.
    """

    channels: int
    width: int
    heads: int
    mlp_width: int
    n_blocks: int

    primitive = "mobile_vit_block"

    def check(self) -> None:
        """Raise :class:`LayerError` when the heads do not divide the width."""
        super().check()
        expect_divides(self.heads, self.width, "heads do not divide the width", "heads")

    def output_shape(self, arrived: Shape) -> Shape:
        """Unchanged."""
        expect_image(arrived, self.channels)
        return arrived

    def params(self) -> int:
        """Four convolutions, three with norms, the blocks and their final norm."""
        c, d, m = self.channels, self.width, self.mlp_width
        block = 4 * (d * d + d) + 2 * d * m + m + d + 4 * d
        return 27 * c * c + 2 * c * d + 6 * c + 2 * d + self.n_blocks * block

    def book_params(self) -> int:
        """The chapter's formula."""
        c, d, m = self.channels, self.width, self.mlp_width
        block = 4 * (d * d + d) + 2 * (d * m + m) + 4 * d
        return 27 * c * c + 2 * c * d + 6 * c + 4 * d + self.n_blocks * block

    def macs(self, arrived: Shape) -> int:
        """Convolutions, projections, attention products among the patches, MLP; these on even sides."""
        n, c, d = arrived[0] * arrived[1], self.channels, self.width
        at = (arrived[0] + arrived[0] % 2) * (arrived[1] + arrived[1] % 2)
        block = 4 * at * d * d + 2 * at * (at // 4) * d + 2 * at * d * self.mlp_width
        return n * (27 * c * c + 2 * c * d) + self.n_blocks * block
