"""Prediction heads of DETR."""

from __future__ import annotations

from dataclasses import dataclass

from netspec.layers.base import Primitive, Several, Shape
from netspec.layers.expect import expect_tokens


@dataclass(frozen=True)
class DETRHeads(Primitive):
    """Class and box per query: ``(queries, width) -> {class: (queries, n_classes + 1), box: (queries, 4)}``.

    A linear class head with one output for "no object"; a box head of three dense layers.

    Parameters: ``width·(n_classes + 1) + n_classes + 1 + 2·(width² + width) + 4·width + 4``.
    Source: Carion et al. 2020 (arXiv:2005.12872), sec. 3.2; book ch. 11, def. 94.
    """

    width: int
    n_classes: int

    primitive = "detr_heads"

    def output_shape(self, arrived: Shape) -> Several:
        """Scores and boxes."""
        queries = expect_tokens(arrived, self.width)
        return Several({"class": (queries, self.n_classes + 1), "box": (queries, 4)})

    def params(self) -> int:
        """Four dense layers."""
        d, c = self.width, self.n_classes + 1
        return d * c + c + 2 * (d * d + d) + 4 * d + 4

    def macs(self, arrived: Shape) -> int:
        """Four matrix products per query."""
        d = self.width
        return arrived[0] * (d * (self.n_classes + 1) + 2 * d * d + 4 * d)
