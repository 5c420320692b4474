"""Recurrent networks: LSTM and GRU."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from netspec.layers.base import Primitive, Shape
from netspec.layers.tokens import expect_sequence

#: How many maps of the input, and as many of the state, each cell has.
GATES = {"lstm": 4, "gru": 3}


@dataclass(frozen=True)
class Recurrent(Primitive):
    """A state that reads token after token, from zeros, and leaves at each: ``(N, in_features) -> (N, width)``.

    ``"lstm"``: ``c ← σ(f)·c + σ(i)·tanh(g)``, ``h ← σ(o)·tanh(c)``. ``"gru"``: ``h ← (1 − σ(z))·tanh(n) + σ(z)·h``
    with ``n = W x + b + σ(r)·(U h + b')``. Gates are maps of the token and of the state ``h``, with a bias each.
    Outputs of the maps lie in the order i, f, g, o, and r, z, n.

    Parameters with 4 gates, or 3: ``gates·width·(in_features + width + 2)``. Source: Hochreiter & Schmidhuber 1997,
    with the forget gate of Gers et al. 2000; Cho et al. 2014 (arXiv:1406.1078), in the form that libraries have.
    """

    in_features: int
    width: int
    cell: Literal["lstm", "gru"] = "lstm"

    primitive = "recurrent"

    @property
    def mapped(self) -> int:
        """Outputs of either map."""
        return GATES[self.cell] * self.width

    def output_shape(self, arrived: Shape) -> Shape:
        """The state at each token."""
        return (expect_sequence(arrived, self.in_features), self.width)

    def params(self) -> int:
        """Both maps with their biases."""
        return self.mapped * (self.in_features + self.width + 2)

    def macs(self, arrived: Shape) -> int:
        """Both maps at each token."""
        return arrived[0] * self.mapped * (self.in_features + self.width)
