"""Bilinear upsampling."""

from __future__ import annotations

from dataclasses import dataclass

from netspec.layers.base import Free, Shape
from netspec.layers.expect import expect_image, expect_one


@dataclass(frozen=True)
class BilinearUpsample(Free):
    """Bilinear interpolation to ``scale`` times the sides: ``(H, W, C) -> (scale·H, scale·W, C)``. No parameters.

    Source: book ch. 11.2.3.
    """

    scale: int

    primitive = "bilinear_upsample"

    def output_shape(self, arrived: Shape) -> Shape:
        """More positions, the same channels."""
        expect_one(arrived)
        height, width = expect_image(arrived, arrived[-1])
        return (self.scale * height, self.scale * width, arrived[-1])
