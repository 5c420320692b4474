"""Global average pooling."""

from __future__ import annotations

from dataclasses import dataclass

from netspec.layers.base import Primitive, Shape, expect_one, expect_tokens


@dataclass(frozen=True)
class GlobalAvgPool(Primitive):
    """Mean over all positions: ``(H, W, C) -> (C,)``, or ``(tokens, width) -> (width,)``. No parameters.

    Source: Lin et al. 2013 (arXiv:1312.4400); book ch. 6.
    """

    primitive = "global_avg_pool"

    def output_shape(self, arrived: Shape) -> Shape:
        """The channels alone."""
        expect_one(arrived)
        expect_tokens(arrived, arrived[-1])
        return (arrived[-1],)

    def params(self) -> int:
        """None."""
        return 0

    def macs(self, arrived: Shape) -> int:
        """None: pooling does not count."""
        return 0
