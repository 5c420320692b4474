"""Scaled dot-product attention by each of its arguments, and multi-head self-attention. Theorems 65 to 69."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from netspec.gradcheck import dense, linear, rules, softmax
from netspec.gradcheck.rules import Array, Map


def by_query(k: Array, v: Array) -> Map:
    """``Q -> softmax(Q Kᵀ / √d) V``. Theorem 65, SDPA backward wrt Q."""
    return rules.chain(
        linear.matmul_right(k.T),
        linear.scale(1 / math.sqrt(k.shape[1])),
        softmax.row_softmax(len(k)),
        linear.matmul_right(v),
    )


def by_key(q: Array, v: Array) -> Map:
    """``K -> softmax(Q Kᵀ / √d) V``. Theorem 66, SDPA backward wrt K: the same chain behind a transposition."""
    return rules.chain(
        linear.transpose(),
        linear.matmul_left(q),
        linear.scale(1 / math.sqrt(q.shape[1])),
        softmax.row_softmax(len(v)),
        linear.matmul_right(v),
    )


def by_value(q: Array, k: Array) -> Map:
    """``V -> W V`` with the attention weights ``W`` fixed. Theorem 67, SDPA backward wrt V."""
    return linear.matmul_left(weights(q, k))


def weights(q: Array, k: Array) -> Array:
    """``softmax(Q Kᵀ / √d)``, one row per query."""
    return softmax.row_softmax(len(k)).forward(q @ k.T / math.sqrt(q.shape[1]))


class Parameters(NamedTuple):
    """Kernels ``(d, d)`` and biases ``(d,)`` of the four projections."""

    wq: Array
    bq: Array
    wk: Array
    bk: Array
    wv: Array
    bv: Array
    wo: Array
    bo: Array

    @classmethod
    def random(cls, width: int, rng: np.random.Generator) -> Parameters:
        """Normal kernels that keep the size of what they multiply; biases that are not zero."""
        draws = []
        for _ in range(4):
            draws += [rng.standard_normal((width, width)) / math.sqrt(width), 0.1 * rng.standard_normal(width)]
        return cls(*draws)


def head(p: Parameters, slab: slice, tokens: int) -> Map:
    """One head, which sees the columns ``slab`` of queries, keys and values: ``(n, d) -> (n, d_head)``.

    The product rule twice, since queries, keys and values all depend on what arrives.
    """
    width = slab.stop - slab.start
    query, key, value = (dense.per_token(w[:, slab], b[slab]) for w, b in ((p.wq, p.bq), (p.wk, p.bk), (p.wv, p.bv)))
    scores = rules.matrix_product(query, rules.chain(key, linear.transpose()), max(width, tokens))
    attended = rules.chain(scores, linear.scale(1 / math.sqrt(width)), softmax.row_softmax(tokens))
    return rules.matrix_product(attended, value, max(width, tokens))


def multi_head(p: Parameters, heads: int, tokens: int) -> Map:
    """Multi-head self-attention ``(n, d) -> (n, d)``: heads on column slabs, side by side, then projected.

    Theorem 68, Multi-head SDPA VJP; theorem 69, MHSA layer smoothness.
    """
    width = len(p.wq) // heads
    slabs = [slice(index * width, (index + 1) * width) for index in range(heads)]
    return rules.chain(
        rules.beside(*(head(p, slab, tokens) for slab in slabs)),
        dense.per_token(p.wo, p.bo),
    )
