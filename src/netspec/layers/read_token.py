"""One token of a sequence."""

from __future__ import annotations

from dataclasses import dataclass

from netspec.errors import LayerError
from netspec.layers.base import Free, Shape
from netspec.layers.expect import expect_one


@dataclass(frozen=True)
class ReadToken(Free):
    """The token at ``place``, counted from 0: ``(N, width) -> (width,)``. No parameters.

    The class token is the first. Source: Devlin et al. 2018 (arXiv:1810.04805), sec. 3, for the pooler that reads it.
    """

    place: int = 0

    primitive = "read_token"
    may_be_zero = ("place",)

    def output_shape(self, arrived: Shape) -> Shape:
        """One vector."""
        expect_one(arrived)
        if len(arrived) != 2 or arrived[0] <= self.place:
            raise LayerError("no such token", arrived=arrived, expected=f"(tokens, width) of more than {self.place}")
        return arrived[1:]
