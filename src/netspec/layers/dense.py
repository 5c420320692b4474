"""Fully connected layer."""

from __future__ import annotations

import math
from dataclasses import dataclass

from netspec.layers.activation import Activation
from netspec.layers.base import Primitive, Shape
from netspec.layers.expect import expect_last_axis


@dataclass(frozen=True)
class Dense(Primitive):
    """Affine map of the last axis, ``y = x W + b``, then the activation: ``(…, in_features) -> (…, out_features)``.

    Parameters: ``in_features · out_features + out_features``. Source: book ch. 3.
    """

    in_features: int
    out_features: int
    activation: Activation = "identity"
    bias: bool = True

    primitive = "dense"

    def output_shape(self, arrived: Shape) -> Shape:
        """``(…, in_features)`` to ``(…, out_features)``."""
        expect_last_axis("dense fan-in does not match", arrived, self.in_features)
        return (*arrived[:-1], self.out_features)

    def params(self) -> int:
        """Kernel and bias."""
        return self.in_features * self.out_features + (self.out_features if self.bias else 0)

    def macs(self, arrived: Shape) -> int:
        """One matrix product per position."""
        return math.prod(arrived[:-1]) * self.in_features * self.out_features
