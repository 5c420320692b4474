"""Token indices to vectors, and vectors to scores over tokens."""

from __future__ import annotations

import math
from dataclasses import dataclass

from netspec.errors import LayerError
from netspec.layers.base import Free, Primitive, Shape
from netspec.layers.expect import expect_last_axis, expect_one
from netspec.layers.parts import expect_epsilon
from netspec.names import tap_wrong


def _tokens(arrived: Shape, limit: int | None = None) -> int:
    expect_one(arrived)
    if len(arrived) != 1:
        raise LayerError("token indices are needed", arrived=arrived, expected="(tokens,)")
    if limit is not None and arrived[0] > limit:
        raise LayerError("more tokens than positions", arrived=f"{arrived[0]} tokens", expected=f"at most {limit}")
    return arrived[0]


@dataclass(frozen=True)
class OneHotDense(Primitive):
    """The chapter's stand-in for a token table, a dense layer over one-hot rows: ``(tokens,) -> (tokens, width)``.

    A row of the kernel is looked up, the bias added. Parameters: ``vocabulary·width + width``; without ``bias``,
    ``width`` fewer. Source: book ch. 11, BERT.
    """

    vocabulary: int
    width: int
    bias: bool = True

    primitive = "dense"

    def output_shape(self, arrived: Shape) -> Shape:
        """One vector per index."""
        return (_tokens(arrived), self.width)

    def params(self) -> int:
        """Table and, if there is one, bias."""
        return self.vocabulary * self.width + (self.width if self.bias else 0)

    def macs(self, arrived: Shape) -> int:
        """None: a product with a one-hot row is a look-up."""
        return 0


@dataclass(frozen=True)
class TokenPositionEmbed(Primitive):
    """Token table plus learned positions: ``(tokens,) -> (tokens, width)``, at most ``max_tokens``.

    ``learned_positions=False`` leaves the positions to the attention. Their table begins with the rows of
    ``first_position`` positions that no token has, of which RoBERTa keeps two. ``segments`` rows of a third table tell
    sentences apart: which one each token is in, says the tensor saved or given as ``segment``; without a name all are
    in the first. ``norm`` is a LayerNorm of the sum. The token table is saved under the name ``table`` for those who
    share it, such as :class:`LMHead` (Press & Wolf 2016, arXiv:1608.05859).

    Parameters: ``vocabulary·width + [learned] max_tokens·width + segments·width + [norm] 2·width``. Source: Radford et
    al. 2018 (GPT-1), sec. 3.1; Devlin et al. 2018 (arXiv:1810.04805), fig. 2, for segments; book ch. 11.2.6.
    """

    vocabulary: int
    max_tokens: int
    width: int
    learned_positions: bool = True
    first_position: int = 0
    segments: int = 0
    segment: str = ""
    norm: bool = False
    norm_epsilon: float = 1e-5
    table: str = ""

    primitive = "token_position_embed"
    may_be_zero = ("first_position", "segments")

    def check(self) -> None:
        """Raise :class:`LayerError` for a tensor of segments that there are none of."""
        super().check()
        expect_epsilon(self.norm_epsilon)
        if self.segment and not self.segments:
            raise LayerError("no segments to tell apart", arrived=f"segment={self.segment!r}", expected="segments >= 1")
        if self.table and (wrong := tap_wrong(self.table)):
            raise LayerError("a saved table needs a name", arrived=repr(self.table), expected=wrong)

    @property
    def reads(self) -> tuple[str, ...]:
        """Which segment each token is in, if there are several."""
        return (self.segment,) if self.segment else ()

    def saves(self, arrived: Shape) -> tuple[str, Shape] | None:
        """The token table."""
        return (self.table, (self.vocabulary, self.width)) if self.table else None

    def output_shape(self, arrived: Shape, *read: Shape) -> Shape:
        """One vector per index."""
        tokens = _tokens(arrived, self.max_tokens - self.first_position)
        for segments in read:
            if segments != (tokens,):
                raise LayerError("a segment for each token", arrived=segments, expected=f"({tokens},)")
        return (tokens, self.width)

    def params(self) -> int:
        """The tables and the norm."""
        positions = self.max_tokens if self.learned_positions else 0
        return (self.vocabulary + positions + self.segments + (2 if self.norm else 0)) * self.width

    def macs(self, arrived: Shape, *read: Shape) -> int:
        """None: look-ups."""
        return 0


@dataclass(frozen=True)
class SharedEmbed(Free):
    """Token indices through the table saved as ``table``: ``(tokens,) -> (tokens, width)``.

    No parameters of its own. Source: Press & Wolf 2016 (arXiv:1608.05859), sec. 3; the decoder of Raffel et al. 2019
    (arXiv:1910.10683).
    """

    vocabulary: int
    width: int
    table: str

    primitive = "shared_embed"

    @property
    def reads(self) -> tuple[str, ...]:
        """The table."""
        return (self.table,)

    def output_shape(self, arrived: Shape, table: Shape) -> Shape:
        """One vector per index."""
        _expect_table(table, self.vocabulary, self.width)
        return (_tokens(arrived), self.width)


@dataclass(frozen=True)
class LMHead(Primitive):
    """A score per token of the vocabulary at every position: ``(tokens, width) -> (tokens, vocabulary)``.

    With the name of a ``table`` that an embedding saved, its rows are the kernel (Press & Wolf 2016, arXiv:1608.05859),
    and what arrives is ``scaled`` by ``1/√width`` first where the table has unit variance, as in T5.

    Parameters: ``[no table] width·vocabulary + [bias] vocabulary``. Source: book ch. 11.2.6.
    """

    width: int
    vocabulary: int
    bias: bool = True
    table: str = ""
    scaled: bool = False

    primitive = "lm_head"

    def check(self) -> None:
        """Raise :class:`LayerError` for a scale without a table."""
        super().check()
        if self.scaled and not self.table:
            raise LayerError("a head of its own starts scaled", arrived="scaled=True", expected="the name of a table")

    @property
    def reads(self) -> tuple[str, ...]:
        """The table that it shares, if any."""
        return (self.table,) if self.table else ()

    def output_shape(self, arrived: Shape, *table: Shape) -> Shape:
        """Scores on the last axis."""
        expect_last_axis("token width does not match", arrived, self.width)
        for shape in table:
            _expect_table(shape, self.vocabulary, self.width)
        return (*arrived[:-1], self.vocabulary)

    def params(self) -> int:
        """Kernel and bias, as far as they are its own."""
        return (0 if self.table else self.width * self.vocabulary) + (self.vocabulary if self.bias else 0)

    def macs(self, arrived: Shape, *table: Shape) -> int:
        """One matrix product per position."""
        return math.prod(arrived[:-1]) * self.width * self.vocabulary


def _expect_table(arrived: Shape, vocabulary: int, width: int) -> None:
    if arrived != (vocabulary, width):
        raise LayerError("another table", arrived=arrived, expected=f"({vocabulary}, {width})")


#: Layers whose input is indices of tokens.
INDEXED = (OneHotDense, TokenPositionEmbed, SharedEmbed)
