"""Highway layer."""

from __future__ import annotations

import math
from dataclasses import dataclass

from netspec.layers.base import Primitive, Shape
from netspec.layers.expect import expect_last_axis


@dataclass(frozen=True)
class Highway(Primitive):
    """``y = T(x)·H(x) + (1 − T(x))·x`` with dense ``H`` (ReLU) and gate ``T`` (sigmoid): ``(…, width) -> (…, width)``.

    Parameters: ``2·(width² + width)``. Source: Srivastava et al. 2015 (arXiv:1505.00387), eq. 3; book ch. 11, Highway.
    """

    width: int

    primitive = "highway"

    def output_shape(self, arrived: Shape) -> Shape:
        """Unchanged."""
        expect_last_axis("highway width does not match", arrived, self.width)
        return arrived

    def params(self) -> int:
        """Two dense maps."""
        return 2 * (self.width**2 + self.width)

    def macs(self, arrived: Shape) -> int:
        """Two matrix products per position."""
        return 2 * math.prod(arrived) * self.width
