"""Global average pooling."""

from __future__ import annotations

from dataclasses import dataclass

from netspec.layers.base import Free, Shape
from netspec.layers.expect import expect_one, expect_tokens


@dataclass(frozen=True)
class GlobalAvgPool(Free):
    """Mean over all positions: ``(H, W, C) -> (C,)``, or ``(tokens, width) -> (width,)``. No parameters.

    Source: Lin et al. 2013 (arXiv:1312.4400); book ch. 6.
    """

    primitive = "global_avg_pool"

    def output_shape(self, arrived: Shape) -> Shape:
        """The channels alone."""
        expect_one(arrived)
        expect_tokens(arrived, arrived[-1])
        return (arrived[-1],)
