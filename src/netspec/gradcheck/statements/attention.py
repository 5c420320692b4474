"""Theorems 62 to 75: softmax, attention, patch embedding, and the maps of single tokens."""

from __future__ import annotations

import math

import numpy as np

from netspec.gradcheck import attention, dense, layer_norm, patch_embed, pointwise, rules, softmax
from netspec.gradcheck.rules import Array
from netspec.gradcheck.statement import Case, contraction, unit_jacobian
from netspec.gradcheck.statements.common import (
    adjoint,
    close,
    exact,
    single,
    sizes,
    theorem,
    twice_differentiable,
)

LARGE, TIED = "large logits", "saturated"
TINY, FAR = "tiny variance", "far from zero"


def logits(rng, kind: str, *shape: int) -> Array:
    """Normal logits; around 700, where exponentials overflow; or 40 apart but for two that nearly tie."""
    z = rng.standard_normal(shape)
    if kind == LARGE:
        z += 700
    if kind == TIED:
        z *= 40
        z[..., 1] = z.max(axis=-1) + 0.3
        z[..., 0] = z[..., 1] + 0.5
    return z


def _softmax_jacobian(rng, kind: str) -> Case:
    (n,) = sizes(rng, 1, 2, 7)
    z = logits(rng, kind, n)
    function = softmax.softmax(n)

    def properties():
        j = softmax.jacobian(z)
        eigenvalues = np.linalg.eigvalsh(j)
        return (
            exact("symmetric", j, j.T),
            close("rows sum to zero", j.sum(axis=1), 0.0, n, 1.0),
            close("no eigenvalue below zero", np.minimum(eigenvalues, 0), 0.0, n * n, 1.0),
        )

    stated = contraction(softmax.jacobian, function.forward, function.roundings)
    return single(kind, "z", z, stated, jacobian=lambda: softmax.jacobian(z), properties=properties)


def _softmax(rng, kind: str) -> Case:
    (n,) = sizes(rng, 1, 2, 7)
    z = logits(rng, kind, n)

    def properties():
        return _of_softmax_rows(z[None], rng)

    return single(kind, "z", z, softmax.softmax(n), properties=properties)


def _of_softmax_rows(z: Array, rng):
    function, dy = softmax.row_softmax(z.shape[1]), rng.standard_normal(z.shape)
    p, dz = function.forward(z), function.backward(z, dy)
    n = function.roundings
    return (
        close("rows sum to one", p.sum(axis=1), 1.0, n, 1.0),
        close("VJP orthogonal to constants", dz.sum(axis=1), 0.0, n, float(np.abs(dy).max())),
        close("constant cotangents vanish", function.backward(z, np.ones_like(dy)), 0.0, n, 1.0),
    )


def _row_softmax(rng, kind: str) -> Case:
    m, n = sizes(rng, 2)
    z = logits(rng, kind, m, n)
    return single(kind, "S", z, softmax.row_softmax(n), properties=lambda: _of_softmax_rows(z, rng))


def _row_softmax_smoothness(rng, kind: str) -> Case:
    m, n = sizes(rng, 2)
    z = logits(rng, kind, m, n)
    function = softmax.row_softmax(n)

    def properties():
        denominators = np.exp(z - z.max(axis=1, keepdims=True)).sum(axis=1)
        return (
            exact("denominators at least one", np.minimum(denominators, 1.0), 1.0),
            twice_differentiable(function, z, rng),
        )

    return single(kind, "S", z, function, properties=properties)


def _query_key_value(rng, kind: str) -> tuple[Array, Array, Array]:
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


def _sdpa_by_query(rng, kind: str) -> Case:
    q, k, v = _query_key_value(rng, kind)
    function = attention.by_query(k, v)

    def properties():
        dy = rng.standard_normal((len(q), v.shape[1]))
        same = np.broadcast_to(k[:1], k.shape)
        found = attention.by_query(same, v).backward(q, dy)
        size = float(np.abs(dy).sum() * np.abs(v).max() * np.abs(k).max())
        return (close("equal keys leave queries no gradient", found, 0.0, function.roundings, size),)

    return single(kind, "Q", q, function, properties=properties, magnified=_logits(q, k))


def _sdpa_by_key(rng, kind: str) -> Case:
    q, k, v = _query_key_value(rng, kind)
    function = attention.by_key(q, v)

    def properties():
        dk = function.backward(k, rng.standard_normal((len(q), v.shape[1])))
        size = float(np.abs(q).sum() * max(np.abs(v).max(), 1.0) * 4)
        return (close("gradients of the keys sum to zero", dk.sum(axis=0), 0.0, function.roundings, size),)

    reach = 0.05 if kind == TIED else 1.0
    return single(kind, "K", k, function, properties=properties, reach=reach, magnified=_logits(q, k))


def _sdpa_by_value(rng, kind: str) -> Case:
    q, k, v = _query_key_value(rng, kind)
    function = attention.by_value(q, k)

    def properties():
        dy = rng.standard_normal((len(q), v.shape[1]))
        total, size = dy.sum(axis=0), float(np.abs(dy).sum())
        found = function.backward(v, dy).sum(axis=0)
        return (
            close("gradients of the values sum to the cotangent", found, total, function.roundings, size),
            adjoint(function, v, rng),
        )

    return single(kind, "V", v, function, properties=properties)


def _heads(rng, kind: str):
    heads, tokens = int(rng.integers(1, 4)), int(rng.integers(2, 5))
    width = heads * int(rng.integers(2, 4))
    p = attention.Parameters.random(width, rng)
    if kind == LARGE:
        p = p._replace(wq=8 * p.wq, bk=p.bk + 8)
    return rng.standard_normal((tokens, width)), p, heads, 64.0 if kind == LARGE else 1.0


def _multi_head(rng, kind: str) -> Case:
    x, p, heads, magnified = _heads(rng, kind)
    function = attention.multi_head(p, heads, len(x))

    def properties():
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


def _multi_head_smoothness(rng, kind: str) -> Case:
    x, p, heads, _ = _heads(rng, kind)
    function = attention.multi_head(p, heads, len(x))
    return single(kind, "X", x, function, properties=lambda: (twice_differentiable(function, x, rng),))


RAGGED = "sides that patches do not fill"


def _patches(rng, kind: str):
    patch, channels, width = int(rng.integers(2, 4)), int(rng.integers(1, 4)), int(rng.integers(2, 6))
    down, across = sizes(rng, 2, 1, 3)
    extra = 1 if kind == RAGGED else 0
    shape = (channels, down * patch + extra, across * patch + extra)
    w = rng.standard_normal((width, channels, patch, patch))
    b, token = rng.standard_normal((2, width))
    positions = rng.standard_normal((down * across + 1, width))
    return rng.standard_normal(shape), w, patch_embed.patch_embed(w, b, token, positions, shape)


def _patch_embed(rng, kind: str) -> Case:
    x, w, function = _patches(rng, kind)

    def properties():
        dy = rng.standard_normal(function.forward(x).shape)
        found, formula = function.backward(x, dy), patch_embed.closed_form(w, dy, x.shape)
        token_only = np.zeros_like(dy)
        token_only[0] = 1
        outside = found.copy()
        patch = w.shape[-1]
        outside[:, : x.shape[1] // patch * patch, : x.shape[2] // patch * patch] = 0
        return (
            close("the theorem's formula, pixel by pixel", found, formula, len(w), float(np.abs(formula).max())),
            exact("no image gradient from the class token", function.backward(x, token_only), 0.0),
            exact("no gradient outside the patches", outside, 0.0),
        )

    return single(kind, "x", x, function, properties=properties)


def _patch_embed_smoothness(rng, kind: str) -> Case:
    x, _, function = _patches(rng, kind)

    def properties():
        other = rng.standard_normal(x.shape)
        bent = function.forward(x + other) - function.forward(x) - function.forward(other) + function.forward(0 * x)
        return (
            close("affine in the image", bent, 0.0, function.roundings, 10.0),
            exact("the same gradient everywhere", *(function.backward(z, np.ones_like(bent)) for z in (x, other))),
        )

    return single(kind, "x", x, function, properties=properties)


def _layer_norm(rng, kind: str) -> Case:
    tokens, width = sizes(rng, 2, 3, 6)
    x, reach = rng.standard_normal((tokens, width)), 1.0
    if kind == TINY:
        x, reach = 1e-3 * x, 1e-3
    if kind == FAR:
        x += 1000
    vectors = (width,) if kind == "gain and shift per entry" else ()
    gain, shift = 1 + 0.3 * rng.standard_normal(vectors), rng.standard_normal(vectors)
    function = layer_norm.per_token(width, gain, shift, 1e-8 if kind == TINY else 1e-5)

    def properties():
        dx = function.backward(x, rng.standard_normal(x.shape))
        lost = float(np.abs(x).max() / x.std(axis=1).min())
        size = lost * float(np.abs(dx).max())
        return (close("gradients of a token sum to zero", dx.sum(axis=1), 0.0, function.roundings, size),)

    return single(kind, "X", x, function, properties=properties, reach=reach)


def _dense(rng, kind: str) -> Case:
    tokens, i, o = sizes(rng, 3)
    x, w, b = rng.standard_normal((tokens, i)), rng.standard_normal((i, o)), rng.standard_normal(o)
    function = dense.per_token(w, b)
    without = dense.per_token(w, 0 * b)
    return single(kind, "X", x, function, properties=lambda: (adjoint(without, x, rng),))


def _gelu(rng, kind: str) -> Case:
    tokens, width = sizes(rng, 2)
    x = rng.standard_normal((tokens, width)) * (10 if kind == "large entries" else 1)
    function = rules.rows(pointwise.gelu())
    # Far left both parts of the derivative nearly cancel: 1 - tanh^2 is off by a rounding, its factor grows like x^3.
    magnified = float(np.max(1 + np.abs(x) ** 3 / 8))

    def properties():
        j, same = unit_jacobian(function, x), np.eye(x.size).reshape(*x.shape, *x.shape)
        ends = pointwise.gelu_derivative(np.array([-40.0, 0.0, 40.0]))
        return (
            exact("zero off the diagonal", j * (1 - same), 0.0),
            exact("slopes 0, 1/2, 1 far left, at zero, far right", ends, np.array([0.0, 0.5, 1.0])),
        )

    return single(kind, "X", x, function, properties=properties, magnified=magnified)


STATEMENTS = (
    theorem(62, _softmax_jacobian, LARGE, TIED),
    theorem(63, _softmax, LARGE, TIED),
    theorem(64, _row_softmax, LARGE, TIED),
    theorem(65, _sdpa_by_query, LARGE, TIED),
    theorem(66, _sdpa_by_key, LARGE, TIED),
    theorem(67, _sdpa_by_value, LARGE, TIED),
    theorem(68, _multi_head, LARGE),
    theorem(69, _multi_head_smoothness),
    theorem(70, _patch_embed, RAGGED),
    theorem(71, _patch_embed_smoothness, RAGGED),
    theorem(72, _layer_norm, TINY, FAR, "gain and shift per entry"),
    theorem(73, _dense),
    theorem(74, _gelu, "large entries"),
    theorem(75, _row_softmax_smoothness, LARGE, TIED),
)
