"""Image to vector."""

from __future__ import annotations

import math
from dataclasses import dataclass

from netspec.layers.base import Free, Shape
from netspec.layers.expect import expect_one


@dataclass(frozen=True)
class Flatten(Free):
    """All scalars in one axis, row-major: ``(H, W, C) -> (H·W·C,)``. No parameters. Source: book ch. 3."""

    primitive = "flatten"

    def output_shape(self, arrived: Shape) -> Shape:
        """One axis as long as the whole tensor."""
        expect_one(arrived)
        return (math.prod(arrived),)
