"""Theorems 70 to 74: patch embedding, and the maps of single tokens."""

from __future__ import annotations

import numpy as np

from netspec.gradcheck import dense, layer_norm, patch_embed, pointwise, rules
from netspec.gradcheck.rules import Array, Map
from netspec.gradcheck.statement import Case, Property, unit_jacobian
from netspec.gradcheck.statements.common import adjoint, close, exact, single, sizes, theorem

RAGGED = "sides that patches do not fill"
TINY, FAR = "tiny variance", "far from zero"


def _patches(rng: np.random.Generator, kind: str) -> tuple[Array, Array, Map]:
    patch, channels, width = int(rng.integers(2, 4)), int(rng.integers(1, 4)), int(rng.integers(2, 6))
    down, across = sizes(rng, 2, 1, 3)
    extra = 1 if kind == RAGGED else 0
    shape = (channels, down * patch + extra, across * patch + extra)
    w = rng.standard_normal((width, channels, patch, patch))
    b, token = rng.standard_normal((2, width))
    positions = rng.standard_normal((down * across + 1, width))
    return rng.standard_normal(shape), w, patch_embed.patch_embed(w, b, token, positions, shape)


def _patch_embed(rng: np.random.Generator, kind: str) -> Case:
    x, w, function = _patches(rng, kind)

    def properties() -> tuple[Property, ...]:
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


def _patch_embed_smoothness(rng: np.random.Generator, kind: str) -> Case:
    x, _, function = _patches(rng, kind)

    def properties() -> tuple[Property, ...]:
        other = rng.standard_normal(x.shape)
        bent = function.forward(x + other) - function.forward(x) - function.forward(other) + function.forward(0 * x)
        return (
            close("affine in the image", bent, 0.0, function.roundings, 10.0),
            exact("the same gradient everywhere", *(function.backward(z, np.ones_like(bent)) for z in (x, other))),
        )

    return single(kind, "x", x, function, properties=properties)


def _layer_norm(rng: np.random.Generator, kind: str) -> Case:
    tokens, width = sizes(rng, 2, 3, 6)
    x, reach = rng.standard_normal((tokens, width)), 1.0
    if kind == TINY:
        x, reach = 1e-3 * x, 1e-3
    if kind == FAR:
        x += 1000
    vectors = (width,) if kind == "gain and shift per entry" else ()
    gain, shift = 1 + 0.3 * rng.standard_normal(vectors), rng.standard_normal(vectors)
    function = layer_norm.per_token(width, gain, shift, 1e-8 if kind == TINY else 1e-5)

    def properties() -> tuple[Property, ...]:
        dx = function.backward(x, rng.standard_normal(x.shape))
        lost = float(np.abs(x).max() / x.std(axis=1).min())
        size = lost * float(np.abs(dx).max())
        return (close("gradients of a token sum to zero", dx.sum(axis=1), 0.0, function.roundings, size),)

    return single(kind, "X", x, function, properties=properties, reach=reach)


def _dense(rng: np.random.Generator, kind: str) -> Case:
    tokens, i, o = sizes(rng, 3)
    x, w, b = rng.standard_normal((tokens, i)), rng.standard_normal((i, o)), rng.standard_normal(o)
    function = dense.per_token(w, b)
    without = dense.per_token(w, 0 * b)
    return single(kind, "X", x, function, properties=lambda: (adjoint(without, x, rng),))


def _gelu(rng: np.random.Generator, kind: str) -> Case:
    tokens, width = sizes(rng, 2)
    x = rng.standard_normal((tokens, width)) * (10 if kind == "large entries" else 1)
    function = rules.rows(pointwise.gelu())
    # Far left both parts of the derivative nearly cancel: 1 - tanh^2 is off by a rounding, its factor grows like x^3.
    magnified = float(np.max(1 + np.abs(x) ** 3 / 8))

    def properties() -> tuple[Property, ...]:
        j, same = unit_jacobian(function, x), np.eye(x.size).reshape(*x.shape, *x.shape)
        ends = pointwise.gelu_derivative(np.array([-40.0, 0.0, 40.0]))
        return (
            exact("zero off the diagonal", j * (1 - same), 0.0),
            exact("slopes 0, 1/2, 1 far left, at zero, far right", ends, np.array([0.0, 0.5, 1.0])),
        )

    return single(kind, "X", x, function, properties=properties, magnified=magnified)


STATEMENTS = (
    theorem(70, _patch_embed, RAGGED),
    theorem(71, _patch_embed_smoothness, RAGGED),
    theorem(72, _layer_norm, TINY, FAR, "gain and shift per entry"),
    theorem(73, _dense),
    theorem(74, _gelu, "large entries"),
)
