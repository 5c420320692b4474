"""Fire module of SqueezeNet."""

from __future__ import annotations

from dataclasses import dataclass

from netspec.layers.base import Primitive, Shape
from netspec.layers.expect import expect_image


@dataclass(frozen=True)
class FireModule(Primitive):
    """1×1 squeeze to ``s``, then 1×1 to ``p`` beside 3×3 to ``q``, concatenated: ``(H, W, in) -> (H, W, p + q)``.

    Each convolution has a BatchNorm instead of the paper's bias.

    Parameters: ``s·in + 2·s + p·s + 2·p + 9·q·s + 2·q``. Source: Iandola et al. 2016 (arXiv:1602.07360), fig. 1;
    book ch. 11, SqueezeNet.
    """

    in_channels: int
    squeeze: int
    expand_1x1: int
    expand_3x3: int

    primitive = "fire_module"

    def output_shape(self, arrived: Shape) -> Shape:
        """The two expansions side by side."""
        height, width = expect_image(arrived, self.in_channels)
        return (height, width, self.expand_1x1 + self.expand_3x3)

    def params(self) -> int:
        """Three convolutions with norms."""
        s, p, q = self.squeeze, self.expand_1x1, self.expand_3x3
        return s * self.in_channels + 2 * s + p * s + 2 * p + 9 * q * s + 2 * q

    def macs(self, arrived: Shape) -> int:
        """Three convolutions."""
        s, p, q = self.squeeze, self.expand_1x1, self.expand_3x3
        return arrived[0] * arrived[1] * (s * self.in_channels + p * s + 9 * q * s)
