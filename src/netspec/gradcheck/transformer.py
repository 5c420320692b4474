"""Sublayers with residuals, block, tower and ViT body. Theorems 76 to 81: nothing here but the rules."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from netspec.gradcheck import attention, dense, layer_norm, pointwise, rules
from netspec.gradcheck.rules import Array, Map

EPSILON = 1e-5


class Norm(NamedTuple):
    """Gain and shift: numbers as in theorem 72, or vectors."""

    gain: float | Array
    shift: float | Array


class Block(NamedTuple):
    """The parameters of one pre-norm block."""

    heads: int
    norm1: Norm
    attention: attention.Parameters
    norm2: Norm
    w1: Array
    b1: Array
    w2: Array
    b2: Array

    @classmethod
    def random(cls, width: int, heads: int, hidden: int, rng: np.random.Generator, *, vectors: bool = False) -> Block:
        """Random parameters; gains and shifts are vectors on request."""

        def norm() -> Norm:
            shape = (width,) if vectors else ()
            return Norm(1 + 0.2 * rng.standard_normal(shape), 0.1 * rng.standard_normal(shape))

        return cls(
            heads,
            norm(),
            attention.Parameters.random(width, rng),
            norm(),
            rng.standard_normal((width, hidden)) / math.sqrt(width),
            0.1 * rng.standard_normal(hidden),
            rng.standard_normal((hidden, width)) / math.sqrt(hidden),
            0.1 * rng.standard_normal(width),
        )

    @property
    def width(self) -> int:
        """Entries of a token."""
        return len(self.w1)


def mlp(p: Block) -> Map:
    """Dense, GELU, dense, per token. Theorem 76, Transformer MLP sublayer VJP."""
    return rules.chain(dense.per_token(p.w1, p.b1), rules.rows(pointwise.gelu()), dense.per_token(p.w2, p.b2))


def normed(p: Block, norm: Norm) -> Map:
    """LayerNorm per token."""
    return layer_norm.per_token(p.width, norm.gain, norm.shift, EPSILON)


def attention_sublayer(p: Block, tokens: int) -> Map:
    """``X + MHSA(LN₁(X))``. Theorem 77, Transformer attention sublayer with residual VJP."""
    return rules.residual(rules.chain(normed(p, p.norm1), attention.multi_head(p.attention, p.heads, tokens)))


def mlp_sublayer(p: Block) -> Map:
    """``H + MLP(LN₂(H))``. Theorem 78, Transformer MLP sublayer with residual VJP."""
    return rules.residual(rules.chain(normed(p, p.norm2), mlp(p)))


def block(p: Block, tokens: int) -> Map:
    """The two sublayers in turn. Theorem 79, Transformer block VJP."""
    return rules.chain(attention_sublayer(p, tokens), mlp_sublayer(p))


def tower(blocks: Sequence[Block], tokens: int) -> Map:
    """The blocks in turn, none being the identity. Theorem 80, Transformer tower, any depth.

    The chapter repeats one block; blocks with parameters of their own need no other rule.
    """
    heads = blocks[0].heads if blocks else 0
    return rules.repeat(lambda p: block(p._replace(heads=heads), tokens), blocks)


def vit_body(blocks: Sequence[Block], final: Norm, width: int, tokens: int) -> Map:
    """The tower and the final LayerNorm. Theorem 81, ViT body: the grand finale."""
    return rules.chain(tower(blocks, tokens), layer_norm.per_token(width, final.gain, final.shift, EPSILON))
