"""Atrous spatial pyramid pooling."""

from __future__ import annotations

from dataclasses import dataclass

from netspec.layers.base import Primitive, Shape
from netspec.layers.expect import expect_image


@dataclass(frozen=True)
class ASPP(Primitive):
    """Five paths to ``out`` channels, concatenated, fused by a 1×1: ``(H, W, in) -> (H, W, out)``.

    1×1; three 3×3 with dilations 6, 12, 18; global average pool, 1×1, bilinear back to ``(H, W)``. Every convolution
    has a bias and a BatchNorm.

    Parameters: ``2·(in·out + 3·out) + 3·(9·in·out + 3·out) + 5·out² + 3·out``.
    Source: Chen et al. 2018 (arXiv:1802.02611), fig. 2; book ch. 11, def. 97.
    """

    in_channels: int
    out_channels: int

    primitive = "aspp_module"

    def output_shape(self, arrived: Shape) -> Shape:
        """The same sides, ``out`` channels."""
        height, width = expect_image(arrived, self.in_channels)
        return (height, width, self.out_channels)

    def params(self) -> int:
        """Six convolutions with bias and norm."""
        i, o = self.in_channels, self.out_channels
        return 2 * (i * o + 3 * o) + 3 * (9 * i * o + 3 * o) + 5 * o * o + 3 * o

    def macs(self, arrived: Shape) -> int:
        """Five convolutions at every position, that of the pooled path once."""
        i, o = self.in_channels, self.out_channels
        return arrived[0] * arrived[1] * (i * o + 27 * i * o + 5 * o * o) + i * o
