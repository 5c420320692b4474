"""Activation functions a layer may end with, and as layers of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from netspec.layers.base import Free, Primitive, Shape
from netspec.layers.expect import expect_last_axis, expect_one

#: None of them has parameters, and none counts multiply-adds.
Activation = Literal[
    "identity",
    "relu",
    "leaky_relu",
    "gelu",
    "silu",
    "hard_swish",
    "tanh",
    "sigmoid",
    "relu6",
    "hard_sigmoid",
    "elu",
    "selu",
    "celu",
    "mish",
    "softplus",
    "softsign",
    "softmax",
    "log_softmax",
]
ACTIVATIONS = get_args(Activation)


@dataclass(frozen=True)
class Activate(Free):
    """An activation function by itself, ``shape -> shape``; ``softmax`` and its logarithm run along the last axis.

    No parameters.

    Source: Nair & Hinton 2010 (ReLU); Clevert et al. 2015 (arXiv:1511.07289, ELU); Misra 2019 (arXiv:1908.08681, Mish).
    """

    activation: Activation

    primitive = "activation"

    def output_shape(self, arrived: Shape) -> Shape:
        """Unchanged."""
        return expect_one(arrived)


@dataclass(frozen=True)
class PReLU(Primitive):
    """``max(x, 0) + a·min(x, 0)`` with a slope per channel, or one for all: ``(…, C) -> (…, C)``.

    Slopes start at 0.25. Parameters: ``channels``, or 1 if ``shared``.

    Source: He et al. 2015 (arXiv:1502.01852), eq. 1.
    """

    channels: int
    shared: bool = False

    primitive = "prelu"

    def output_shape(self, arrived: Shape) -> Shape:
        """Unchanged."""
        expect_last_axis("input channels do not match", arrived, self.channels)
        return arrived

    def params(self) -> int:
        """The slopes."""
        return 1 if self.shared else self.channels

    def macs(self, arrived: Shape) -> int:
        """None."""
        return 0
