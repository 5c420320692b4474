"""Theorems 62 to 64 and 75: softmax, alone and on the rows of a matrix."""

from __future__ import annotations

import numpy as np

from netspec.gradcheck import softmax
from netspec.gradcheck.rules import Array
from netspec.gradcheck.statement import Case, Property, contraction
from netspec.gradcheck.statements.common import close, exact, single, sizes, theorem, twice_differentiable

LARGE, TIED = "large logits", "saturated"


def logits(rng: np.random.Generator, kind: str, *shape: int) -> Array:
    """Normal logits; around 700, where exponentials overflow; or 40 apart but for two that nearly tie."""
    z = rng.standard_normal(shape)
    if kind == LARGE:
        z += 700
    if kind == TIED:
        z *= 40
        z[..., 1] = z.max(axis=-1) + 0.3
        z[..., 0] = z[..., 1] + 0.5
    return z


def _softmax_jacobian(rng: np.random.Generator, kind: str) -> Case:
    (n,) = sizes(rng, 1, 2, 7)
    z = logits(rng, kind, n)
    function = softmax.softmax(n)

    def properties() -> tuple[Property, ...]:
        j = softmax.jacobian(z)
        eigenvalues = np.linalg.eigvalsh(j)
        return (
            exact("symmetric", j, j.T),
            close("rows sum to zero", j.sum(axis=1), 0.0, n, 1.0),
            close("no eigenvalue below zero", np.minimum(eigenvalues, 0), 0.0, n * n, 1.0),
        )

    stated = contraction(softmax.jacobian, function.forward, function.roundings)
    return single(kind, "z", z, stated, jacobian=lambda: softmax.jacobian(z), properties=properties)


def _softmax(rng: np.random.Generator, kind: str) -> Case:
    (n,) = sizes(rng, 1, 2, 7)
    z = logits(rng, kind, n)

    def properties() -> tuple[Property, ...]:
        return _of_softmax_rows(z[None], rng)

    return single(kind, "z", z, softmax.softmax(n), properties=properties)


def _of_softmax_rows(z: Array, rng: np.random.Generator) -> tuple[Property, ...]:
    function, dy = softmax.row_softmax(z.shape[1]), rng.standard_normal(z.shape)
    p, dz = function.forward(z), function.backward(z, dy)
    n = function.roundings
    return (
        close("rows sum to one", p.sum(axis=1), 1.0, n, 1.0),
        close("VJP orthogonal to constants", dz.sum(axis=1), 0.0, n, float(np.abs(dy).max())),
        close("constant cotangents vanish", function.backward(z, np.ones_like(dy)), 0.0, n, 1.0),
    )


def _row_softmax(rng: np.random.Generator, kind: str) -> Case:
    m, n = sizes(rng, 2)
    z = logits(rng, kind, m, n)
    return single(kind, "S", z, softmax.row_softmax(n), properties=lambda: _of_softmax_rows(z, rng))


def _row_softmax_smoothness(rng: np.random.Generator, kind: str) -> Case:
    m, n = sizes(rng, 2)
    z = logits(rng, kind, m, n)
    function = softmax.row_softmax(n)

    def properties() -> tuple[Property, ...]:
        denominators = np.exp(z - z.max(axis=1, keepdims=True)).sum(axis=1)
        return (
            exact("denominators at least one", np.minimum(denominators, 1.0), 1.0),
            twice_differentiable(function, z, rng),
        )

    return single(kind, "S", z, function, properties=properties)


STATEMENTS = (
    theorem(62, _softmax_jacobian, LARGE, TIED),
    theorem(63, _softmax, LARGE, TIED),
    theorem(64, _row_softmax, LARGE, TIED),
    theorem(75, _row_softmax_smoothness, LARGE, TIED),
)
