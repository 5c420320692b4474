"""Max pooling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from netspec.layers.base import Free, Shape
from netspec.layers.expect import expect_image, expect_one, slide


@dataclass(frozen=True)
class MaxPool(Free):
    """Maximum over ``window × window`` positions: ``(H, W, C) -> (ceil(H/stride), ceil(W/stride), C)``.

    Padded with minus infinity unless ``padding="valid"``, which keeps whole windows only. The window must fit the
    image either way. No parameters. Source: book ch. 4.
    """

    window: int
    stride: int
    padding: Literal["same", "valid"] = "same"

    primitive = "max_pool"

    def output_shape(self, arrived: Shape) -> Shape:
        """Fewer positions, the same channels."""
        expect_one(arrived)
        expect_image(arrived, arrived[-1])
        slide(arrived, self.window, self.stride, "valid")
        return (*slide(arrived, self.window, self.stride, self.padding), arrived[-1])
