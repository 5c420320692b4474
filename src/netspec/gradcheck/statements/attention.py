"""Theorems 65 to 69: attention by query, key and value, and multi-head self-attention."""

from __future__ import annotations

import math

import numpy as np

from netspec.gradcheck import attention
from netspec.gradcheck.rules import Array
from netspec.gradcheck.statement import Case, Property
from netspec.gradcheck.statements.common import adjoint, close, single, sizes, theorem, twice_differentiable
from netspec.gradcheck.statements.softmax import LARGE, TIED


def _query_key_value(rng: np.random.Generator, kind: str) -> tuple[Array, Array, Array]:
    queries, keys, d, value_width = sizes(rng, 4)
    q, k, v = (
        rng.standard_normal((queries, d)),
        rng.standard_normal((keys, d)),
        rng.standard_normal((keys, value_width)),
    )
    if kind == LARGE:
        # Equal large parts of all keys cancel in the softmax, exactly in the theorem and with few digits here.
        k += 200
    if kind == TIED:
        q *= 40
        k[1] = k[0] + 0.02 * rng.standard_normal(d)
    return q, k, v


def _logits(q: Array, k: Array) -> float:
    """The exponential turns absolute errors of two logits, which grow with them, into relative ones."""
    return 2 * float(np.abs(q @ k.T).max()) / math.sqrt(q.shape[1])


def _sdpa_by_query(rng: np.random.Generator, kind: str) -> Case:
    q, k, v = _query_key_value(rng, kind)
    function = attention.by_query(k, v)

    def properties() -> tuple[Property, ...]:
        dy = rng.standard_normal((len(q), v.shape[1]))
        same = np.broadcast_to(k[:1], k.shape)
        found = attention.by_query(same, v).backward(q, dy)
        size = float(np.abs(dy).sum() * np.abs(v).max() * np.abs(k).max())
        return (close("equal keys leave queries no gradient", found, 0.0, function.roundings, size),)

    return single(kind, "Q", q, function, properties=properties, magnified=_logits(q, k))


def _sdpa_by_key(rng: np.random.Generator, kind: str) -> Case:
    q, k, v = _query_key_value(rng, kind)
    function = attention.by_key(q, v)

    def properties() -> tuple[Property, ...]:
        dk = function.backward(k, rng.standard_normal((len(q), v.shape[1])))
        size = float(np.abs(q).sum() * max(np.abs(v).max(), 1.0) * 4)
        return (close("gradients of the keys sum to zero", dk.sum(axis=0), 0.0, function.roundings, size),)

    reach = 0.05 if kind == TIED else 1.0
    return single(kind, "K", k, function, properties=properties, reach=reach, magnified=_logits(q, k))


def _sdpa_by_value(rng: np.random.Generator, kind: str) -> Case:
    q, k, v = _query_key_value(rng, kind)
    function = attention.by_value(q, k)

    def properties() -> tuple[Property, ...]:
        dy = rng.standard_normal((len(q), v.shape[1]))
        total, size = dy.sum(axis=0), float(np.abs(dy).sum())
        found = function.backward(v, dy).sum(axis=0)
        return (
            close("gradients of the values sum to the cotangent", found, total, function.roundings, size),
            adjoint(function, v, rng),
        )

    return single(kind, "V", v, function, properties=properties)


def _heads(rng: np.random.Generator, kind: str) -> tuple[Array, attention.Parameters, int, float]:
    heads, tokens = int(rng.integers(1, 4)), int(rng.integers(2, 5))
    width = heads * int(rng.integers(2, 4))
    p = attention.Parameters.random(width, rng)
    if kind == LARGE:
        p = p._replace(wq=8 * p.wq, bk=p.bk + 8)
    return rng.standard_normal((tokens, width)), p, heads, 64.0 if kind == LARGE else 1.0


def _multi_head(rng: np.random.Generator, kind: str) -> Case:
    x, p, heads, magnified = _heads(rng, kind)
    function = attention.multi_head(p, heads, len(x))

    def properties() -> tuple[Property, ...]:
        dy, order = rng.standard_normal(x.shape), rng.permutation(len(x))
        dx = function.backward(x, dy)
        permuted = function.backward(x[order], dy[order])
        silent = attention.multi_head(p._replace(wv=0 * p.wv), heads, len(x))
        size = 10 * float(np.abs(dx).max())
        return (
            close("permuted tokens, permuted gradients", permuted, dx[order], function.roundings, size),
            close("equal values leave no gradient", silent.backward(x, dy), 0.0, function.roundings, size),
        )

    return single(kind, "X", x, function, properties=properties, magnified=magnified)


def _multi_head_smoothness(rng: np.random.Generator, kind: str) -> Case:
    x, p, heads, _ = _heads(rng, kind)
    function = attention.multi_head(p, heads, len(x))
    return single(kind, "X", x, function, properties=lambda: (twice_differentiable(function, x, rng),))


STATEMENTS = (
    theorem(65, _sdpa_by_query, LARGE, TIED),
    theorem(66, _sdpa_by_key, LARGE, TIED),
    theorem(67, _sdpa_by_value, LARGE, TIED),
    theorem(68, _multi_head, LARGE),
    theorem(69, _multi_head_smoothness),
)
