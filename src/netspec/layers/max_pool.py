"""Max pooling."""

from __future__ import annotations

from dataclasses import dataclass

from netspec.layers.base import Free, Shape
from netspec.layers.expect import expect_image, expect_one
from netspec.layers.window import Padding, Pair, left_by


@dataclass(frozen=True)
class MaxPool(Free):
    """Maximum over ``window × window`` positions: ``(H, W, C) -> (ceil(H/stride), ceil(W/stride), C)``.

    Padded with minus infinity unless ``padding="valid"``, which keeps whole windows only; numbers pad by as much (see
    :data:`netspec.layers.window.Padding`). The window must fit the image whatever the word. With ``ceil`` a last
    window may reach over the end. Sizes are for both axes or one each. No parameters. Source: book ch. 4.
    """

    window: Pair
    stride: Pair
    padding: Padding = "same"
    ceil: bool = False

    primitive = "max_pool"
    may_be_zero = ("padding",)

    def output_shape(self, arrived: Shape) -> Shape:
        """Fewer positions, the same channels."""
        expect_one(arrived)
        expect_image(arrived, arrived[-1])
        if isinstance(self.padding, str):
            left_by(arrived, self.window, self.stride, "valid")
        return (*left_by(arrived, self.window, self.stride, self.padding, ceil=self.ceil), arrived[-1])
