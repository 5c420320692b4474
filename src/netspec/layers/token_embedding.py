"""Token indices to vectors, and vectors to scores over tokens."""

from __future__ import annotations

import math
from dataclasses import dataclass

from netspec.errors import LayerError
from netspec.layers.base import Primitive, Shape
from netspec.layers.expect import expect_last_axis, expect_one


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

    A row of the kernel is looked up, the bias added. Parameters: ``vocabulary·width + width``.
    Source: book ch. 11, BERT.
    """

    vocabulary: int
    width: int

    primitive = "dense"

    def output_shape(self, arrived: Shape) -> Shape:
        """One vector per index."""
        return (_tokens(arrived), self.width)

    def params(self) -> int:
        """Table and bias."""
        return self.vocabulary * self.width + self.width

    def macs(self, arrived: Shape) -> int:
        """None: a product with a one-hot row is a look-up."""
        return 0


@dataclass(frozen=True)
class TokenPositionEmbed(Primitive):
    """Token table plus learned positions: ``(tokens,) -> (tokens, width)``, at most ``max_tokens``.

    ``learned_positions=False`` leaves the positions to rotary embeddings inside the attention.

    Parameters: ``vocabulary·width + [learned] max_tokens·width``. Source: Radford et al. 2018 (GPT-1), sec. 3.1;
    book ch. 11.2.6.
    """

    vocabulary: int
    max_tokens: int
    width: int
    learned_positions: bool = True

    primitive = "token_position_embed"

    def output_shape(self, arrived: Shape) -> Shape:
        """One vector per index."""
        return (_tokens(arrived, self.max_tokens), self.width)

    def params(self) -> int:
        """Both tables."""
        return (self.vocabulary + (self.max_tokens if self.learned_positions else 0)) * self.width

    def macs(self, arrived: Shape) -> int:
        """None: look-ups."""
        return 0


@dataclass(frozen=True)
class LMHead(Primitive):
    """A score per token of the vocabulary at every position: ``(tokens, width) -> (tokens, vocabulary)``.

    Parameters: ``width·vocabulary + vocabulary``. Source: book ch. 11.2.6.
    """

    width: int
    vocabulary: int

    primitive = "lm_head"

    def output_shape(self, arrived: Shape) -> Shape:
        """Scores on the last axis."""
        expect_last_axis("token width does not match", arrived, self.width)
        return (*arrived[:-1], self.vocabulary)

    def params(self) -> int:
        """Kernel and bias."""
        return self.width * self.vocabulary + self.vocabulary

    def macs(self, arrived: Shape) -> int:
        """One matrix product per position."""
        return math.prod(arrived[:-1]) * self.width * self.vocabulary
