"""What is done to a sequence of tokens besides attention: learned tokens in front, positions, axes that change
places.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

from netspec.errors import LayerError
from netspec.layers.base import Free, Primitive, Shape, Value
from netspec.layers.expect import expect_last_axis, expect_one


def expect_sequence(arrived: Shape, width: int) -> int:
    """Number of tokens in ``(tokens, width)``; raises :class:`LayerError` for anything else."""
    expect_one(arrived)
    expect_last_axis("token width does not match", arrived, width)
    if len(arrived) != 2:
        raise LayerError("a sequence is needed", arrived=arrived, expected=f"(tokens, {width})")
    return arrived[0]


@dataclass(frozen=True)
class PrependTokens(Primitive):
    """``n_tokens`` learned tokens in front of a sequence: ``(N, width) -> (n_tokens + N, width)``.

    Class tokens, and those of distillation and registers. Parameters: ``n_tokens·width``. Source: Dosovitskiy et al.
    2020 (arXiv:2010.11929), eq. 1; Touvron et al. 2020 (arXiv:2012.12877), sec. 4; Darcet et al. 2023
    (arXiv:2309.16588).
    """

    n_tokens: int
    width: int

    primitive = "prepend_tokens"

    def output_shape(self, arrived: Shape) -> Shape:
        """A longer sequence."""
        return (self.n_tokens + expect_sequence(arrived, self.width), self.width)

    def params(self) -> int:
        """The tokens."""
        return self.n_tokens * self.width

    def macs(self, arrived: Shape) -> int:
        """None."""
        return 0


@dataclass(frozen=True)
class AddPositions(Primitive):
    """A table of positions added to a sequence of at most ``max_tokens``: ``(N, width) -> (N, width)``.

    ``kind="sinusoidal"`` is the fixed one of Vaswani et al. 2017 (arXiv:1706.03762), sec. 3.5, with all sines in
    front of all cosines as in Whisper and released code, and has no parameters. The table begins with the rows of
    ``first_position`` positions that no token has.

    Parameters: ``max_tokens·width``, or none.
    """

    max_tokens: int
    width: int
    first_position: int = 0
    kind: Literal["learned", "sinusoidal"] = "learned"

    primitive = "add_positions"
    may_be_zero = ("first_position",)

    def resized(self, before: Shape, arrived: Shape) -> AddPositions:
        """A position for each token where there was one for each; a table with room to spare stays."""
        if before[0] != self.max_tokens - self.first_position:
            return self
        return replace(self, max_tokens=arrived[0] + self.first_position)

    def output_shape(self, arrived: Shape) -> Shape:
        """Unchanged."""
        if (tokens := expect_sequence(arrived, self.width)) > self.max_tokens - self.first_position:
            expected = f"at most {self.max_tokens - self.first_position}"
            raise LayerError("more tokens than positions", arrived=f"{tokens} tokens", expected=expected)
        return arrived

    def params(self) -> int:
        """The table, if it is learned."""
        return self.max_tokens * self.width if self.kind == "learned" else 0

    def macs(self, arrived: Shape) -> int:
        """None."""
        return 0


@dataclass(frozen=True)
class CumulativeSum(Free):
    """Each token becomes the sum of those up to it: ``(N, width) -> (N, width)``. No parameters.

    Source: Katharopoulos et al. 2020 (arXiv:2006.16236), eq. 10, where the tokens are products of keys and values.
    """

    primitive = "cumulative_sum"

    def output_shape(self, arrived: Shape) -> Shape:
        """Unchanged."""
        expect_one(arrived)
        if len(arrived) != 2:
            raise LayerError("a sequence is summed", arrived=arrived, expected="(tokens, width)")
        return arrived


@dataclass(frozen=True)
class SwapAxes(Free):
    """Tokens and features change places: ``(N, width) -> (width, N)``. No parameters.

    A dense map behind it mixes tokens. Source: Tolstikhin et al. 2021 (arXiv:2105.01601), sec. 2.
    """

    primitive = "swap_axes"

    def output_shape(self, arrived: Shape) -> Shape:
        """The transposed matrix."""
        expect_one(arrived)
        if len(arrived) != 2:
            raise LayerError("two axes change places", arrived=arrived, expected="(tokens, width)")
        return (arrived[1], arrived[0])


@dataclass(frozen=True)
class Unread(Primitive):
    """Parameters that a release keeps and this network does not read, such as a token for masked patches.

    What arrives leaves as it is. They are counted since the release's count has them. Parameters: the product of
    ``sides``.
    """

    sides: tuple[int, ...]

    primitive = "unread"

    def output_shape(self, arrived: Shape) -> Shape:
        """Unchanged."""
        return arrived

    def params(self) -> int:
        """Those."""
        return math.prod(self.sides)

    def macs(self, arrived: Shape) -> int:
        """None."""
        return 0


@dataclass(frozen=True)
class NewTokens(Primitive):
    """A sequence in place of what arrives: ``any -> (n_tokens, width)``; learned, or zeros without ``learned``.

    Parameters: ``n_tokens·width``, or none. Source: Carion et al. 2020 (arXiv:2005.12872), sec. 3.2 (object queries),
    whose decoder starts from zeros.
    """

    n_tokens: int
    width: int
    learned: bool = True

    primitive = "new_tokens"

    def output_shape(self, arrived: Value) -> Shape:
        """The tokens."""
        expect_one(arrived)
        return (self.n_tokens, self.width)

    def params(self) -> int:
        """The tokens, if they are learned."""
        return self.n_tokens * self.width if self.learned else 0

    def macs(self, arrived: Value) -> int:
        """None."""
        return 0


@dataclass(frozen=True)
class DropTokens(Free):
    """A sequence without its first ``n_tokens``: ``(n_tokens + N, width) -> (N, width)``. No parameters.

    Source: Liu et al. 2023 (arXiv:2304.08485), sec. 4.1, where a text is told of patches, not of the class token.
    """

    n_tokens: int

    primitive = "drop_tokens"

    def output_shape(self, arrived: Shape) -> Shape:
        """A shorter sequence; raises :class:`LayerError` when nothing is left."""
        expect_one(arrived)
        if len(arrived) != 2 or arrived[0] <= self.n_tokens:
            expected = f"(tokens, width) of more than {self.n_tokens}"
            raise LayerError("no tokens are left", arrived=arrived, expected=expected)
        return (arrived[0] - self.n_tokens, arrived[1])


@dataclass(frozen=True)
class JoinTokens(Free):
    """The tokens saved as ``name`` in front of those that arrive: ``(N, width), (M, width) -> (M + N, width)``.

    No parameters. Source: Radford et al. 2021 (arXiv:2103.00020), sec. 2.4, released code, where the mean of the
    positions stands in front of them.
    """

    name: str

    primitive = "join_tokens"

    @property
    def reads(self) -> tuple[str, ...]:
        """The saved tokens."""
        return (self.name,)

    def output_shape(self, arrived: Shape, saved: Shape) -> Shape:
        """A longer sequence."""
        expect_one(arrived)
        return (expect_sequence(saved, arrived[-1]) + expect_sequence(arrived, arrived[-1]), arrived[-1])


@dataclass(frozen=True)
class ReplaceMarked(Free):
    """Tokens where the indices ``among`` are ``mark``, replaced in order by those saved as ``tokens``.

    ``(N, width), (N,), (M, width) -> (N, width)``. Further marks than there are tokens get the last. No parameters.
    Source: Liu et al. 2023 (arXiv:2304.08485), sec. 4.1, released code: patches of an image in a text.
    """

    among: str
    mark: int
    tokens: str

    primitive = "replace_marked"
    may_be_zero = ("mark",)

    @property
    def reads(self) -> tuple[str, ...]:
        """The indices and the tokens."""
        return (self.among, self.tokens)

    def output_shape(self, arrived: Shape, indices: Shape, tokens: Shape) -> Shape:
        """Unchanged."""
        expect_one(arrived)
        expect_last_axis("token width does not match", tokens, arrived[-1])
        if len(arrived) != 2 or indices != arrived[:1]:
            raise LayerError("an index for each token", arrived=indices, expected=f"({arrived[0]},)")
        return arrived
