"""Attention of one score for each token, whose cost grows with their number and not with its square."""

from __future__ import annotations

from dataclasses import dataclass

from netspec.errors import LayerError
from netspec.layers.base import Primitive, Shape
from netspec.layers.expect import expect_image


@dataclass(frozen=True)
class SeparableAttention(Primitive):
    """``out(relu(value) · Σ softmax(score) · key)`` across patches, ``(H, W, width) -> (H, W, width)``.

    Positions at one place of every ``patch × patch`` square are tokens of each other. Each has one score, a softmax of
    which weighs their keys; the sum multiplies all values. No norm and no residual.

    Parameters: ``width·(2·width + 1) + 2·width + 1 + width² + width``.
    Source: Mehta & Rastegari 2022 (arXiv:2206.02680), sec. 3.1.
    """

    width: int
    patch: int = 2

    primitive = "separable_attention"

    def output_shape(self, arrived: Shape) -> Shape:
        """Unchanged; the patches must tile the grid."""
        height, width = expect_image(arrived, self.width)
        if height % self.patch or width % self.patch:
            expected = f"sides divisible by {self.patch}"
            raise LayerError("patches do not tile the grid", arrived=arrived, expected=expected)
        return arrived

    def params(self) -> int:
        """The map to scores, keys and values, and the last."""
        d = self.width
        return (d + 1) * (2 * d + 1) + (d + 1) * d

    def macs(self, arrived: Shape) -> int:
        """Both maps, and the weighted sum of the keys."""
        d = self.width
        return arrived[0] * arrived[1] * (d * (2 * d + 1) + d * d + d)
