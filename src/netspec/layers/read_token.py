"""One token of a sequence."""

from __future__ import annotations

from dataclasses import dataclass

from netspec.errors import LayerError
from netspec.layers.base import Free, Shape
from netspec.layers.expect import expect_one
from netspec.names import tap_wrong


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


@dataclass(frozen=True)
class ReadMarked(Free):
    """The token where ``among``, a tensor of indices of as many tokens, is ``mark`` first: ``(N, width) -> (width,)``.

    Without a ``mark``, where it is largest. Without any such, the first token. No parameters. Source: Radford et al.
    2021 (arXiv:2103.00020), sec. 2.4, whose text encoder is read at the end of the text, the largest of its indices.
    """

    among: str
    mark: int | None = None

    primitive = "read_marked"
    may_be_zero = ("mark",)

    def check(self) -> None:
        """Raise :class:`LayerError` for a name that is none."""
        super().check()
        if wrong := tap_wrong(self.among):
            raise LayerError("indices need a name", arrived=repr(self.among), expected=wrong)

    @property
    def reads(self) -> tuple[str, ...]:
        """The indices."""
        return (self.among,)

    def output_shape(self, arrived: Shape, indices: Shape) -> Shape:
        """One vector."""
        expect_one(arrived)
        if len(arrived) != 2 or indices != arrived[:1]:
            raise LayerError("an index for each token", arrived=indices, expected=f"({arrived[0]},)")
        return arrived[1:]

    def macs(self, arrived: Shape, *read: Shape) -> int:
        """None."""
        return 0
