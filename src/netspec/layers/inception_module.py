"""Inception module of GoogLeNet."""

from __future__ import annotations

from dataclasses import dataclass

from netspec.layers.base import Primitive, Shape
from netspec.layers.expect import expect_image


@dataclass(frozen=True)
class InceptionModule(Primitive):
    """Four paths side by side: ``(H, W, in) -> (H, W, b1 + b2 + b3 + b4)``.

    1×1 to ``b1``; 1×1 to ``r2`` then 3×3 to ``b2``; 1×1 to ``r3`` then 5×5 to ``b3``; 3×3 max pool then 1×1 to
    ``b4``. Every convolution has a BatchNorm.

    Parameters: ``in·(b1 + r2 + r3 + b4) + 9·r2·b2 + 25·r3·b3 + 2·(b1 + r2 + b2 + r3 + b3 + b4)``.
    Source: Szegedy et al. 2014 (arXiv:1409.4842), fig. 2b; book ch. 11, def. 82.
    """

    in_channels: int
    conv_1x1: int
    reduce_3x3: int
    conv_3x3: int
    reduce_5x5: int
    conv_5x5: int
    pool_1x1: int

    primitive = "inception_module"

    def output_shape(self, arrived: Shape) -> Shape:
        """The four paths concatenated."""
        height, width = expect_image(arrived, self.in_channels)
        return (height, width, self.conv_1x1 + self.conv_3x3 + self.conv_5x5 + self.pool_1x1)

    def _kernels(self) -> int:
        pointwise = self.conv_1x1 + self.reduce_3x3 + self.reduce_5x5 + self.pool_1x1
        wide = 9 * self.reduce_3x3 * self.conv_3x3 + 25 * self.reduce_5x5 * self.conv_5x5
        return self.in_channels * pointwise + wide

    def params(self) -> int:
        """Six convolutions with norms."""
        reduced = self.reduce_3x3 + self.reduce_5x5
        normed = self.conv_1x1 + self.conv_3x3 + self.conv_5x5 + self.pool_1x1 + reduced
        return self._kernels() + 2 * normed

    def macs(self, arrived: Shape) -> int:
        """Six convolutions."""
        return arrived[0] * arrived[1] * self._kernels()
