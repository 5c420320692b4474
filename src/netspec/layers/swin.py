"""Swin Transformer: stage of windowed attention, patch merging between stages."""

from __future__ import annotations

from dataclasses import dataclass

from netspec.layers.base import Primitive, Shape
from netspec.layers.expect import expect_divides, expect_image


@dataclass(frozen=True)
class SwinStage(Primitive):
    """``n_blocks`` pre-norm blocks of attention within windows, every second one shifted: ``(H, W, d) -> (H, W, d)``.

    The grid is padded up to whole windows. Parameters with ``d = width``, ``m = mlp_width``, ``w = window``:
    ``n_blocks·(4·d + 4·(d² + d) + (2w − 1)²·heads + 2·d·m + m + d)``.
    Source: Liu et al. 2021 (arXiv:2103.14030), sec. 3.2; book ch. 11, def. 88.
    """

    width: int
    heads: int
    mlp_width: int
    window: int
    n_blocks: int

    primitive = "swin_stage"

    def check(self) -> None:
        """Raise :class:`LayerError` when the heads do not divide the width."""
        super().check()
        expect_divides(self.heads, self.width, "heads do not divide the width", "heads")

    def output_shape(self, arrived: Shape) -> Shape:
        """Unchanged."""
        expect_image(arrived, self.width)
        return arrived

    def params(self) -> int:
        """Norms, projections, relative position bias and MLP per block."""
        d, m = self.width, self.mlp_width
        bias = (2 * self.window - 1) ** 2 * self.heads
        return self.n_blocks * (4 * d + 4 * (d * d + d) + bias + 2 * d * m + m + d)

    def macs(self, arrived: Shape) -> int:
        """Projections and attention products on the padded grid, MLP on the grid itself."""
        height, width, d = arrived
        w = self.window
        padded = -(-height // w) * w * -(-width // w) * w
        attention = 4 * padded * d * d + 2 * padded * w * w * d
        return self.n_blocks * (attention + 2 * height * width * d * self.mlp_width)


@dataclass(frozen=True)
class PatchMerging(Primitive):
    """2×2 neighbours concatenated, LayerNorm, linear map: ``(H, W, in) -> (H/2, W/2, out)``.

    An odd side is padded with zeros at its end, as in torchvision, timm and transformers.

    Parameters: ``8·in + 4·in·out + [bias] out``. Source: Liu et al. 2021 (arXiv:2103.14030), sec. 3.1; book ch. 11,
    def. 89.
    """

    in_channels: int
    out_channels: int
    bias: bool = True

    primitive = "patch_merging"

    def output_shape(self, arrived: Shape) -> Shape:
        """Half the sides, rounded up."""
        height, width = expect_image(arrived, self.in_channels)
        return (-(-height // 2), -(-width // 2), self.out_channels)

    def params(self) -> int:
        """Norm over ``4·in``, kernel, bias."""
        kernel = 4 * self.in_channels * self.out_channels
        return 8 * self.in_channels + kernel + (self.out_channels if self.bias else 0)

    def macs(self, arrived: Shape) -> int:
        """One product per merged position."""
        rows, columns, _ = self.output_shape(arrived)
        return 4 * rows * columns * self.in_channels * self.out_channels
