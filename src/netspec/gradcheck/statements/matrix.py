"""Theorems 46 to 61: maps of matrices and of rank-3 tensors, and the rules that join them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from netspec.gradcheck import linear, pointwise, rules, softmax
from netspec.gradcheck.rules import Array, Map
from netspec.gradcheck.statement import Case, Property, contraction, unit_jacobian
from netspec.gradcheck.statements.common import adjoint, close, exact, single, sizes, theorem

#: An argument, a linear map of it, and that map's Jacobian.
Linear = tuple[Array, Map, Callable[[], Array]]


def _row_independence(rng: np.random.Generator, kind: str) -> Case:
    m, n = sizes(rng, 2)
    a = rng.standard_normal((m, n)) + (700 if kind == "large logits" else 0)
    function = rules.rows(softmax.softmax(n))

    def jacobian(a: Array) -> Array:
        return rules.row_jacobian(softmax.jacobian, a)

    def properties() -> tuple[Property, ...]:
        across: Array = 1 - np.eye(m)[:, None, :, None]
        moved = a.copy()
        moved[0] += rng.standard_normal(n)
        return (
            exact("zero across rows", unit_jacobian(function, a) * across, 0.0),
            exact("a row's output unmoved by other rows", function.forward(moved)[1:], function.forward(a)[1:]),
        )

    stated = contraction(jacobian, function.forward, function.roundings)
    return single(kind, "A", a, stated, jacobian=lambda: jacobian(a), properties=properties)


def _curved(shape: tuple[int, ...], rng: np.random.Generator) -> tuple[Map, Map]:
    """Two maps of tensors of that shape, neither linear; the first mixes columns, the second rows.

    So their Jacobians do not commute, and a chain rule in the wrong order shows.
    """
    rows, columns = shape[-2:]
    table, factor = (rng.standard_normal(shape) for _ in range(2))
    right, left = (rng.standard_normal((size, size)) for size in (columns, rows))
    shift = Map(lambda x: x + table, lambda x, dy: dy, 1)
    stretch = Map(lambda x: factor * x, lambda x, dy: factor * dy, 2)
    first = rules.chain(shift, pointwise.gelu(), linear.matmul_right(right))
    second = rules.multiply(stretch, rules.chain(linear.matmul_left(left), pointwise.logistic()))
    return first, second


def _matrix_chain(rng: np.random.Generator, kind: str) -> Case:
    m, n, p = sizes(rng, 3)
    a, factor = rng.standard_normal((m, n)), rng.standard_normal((n, p))
    first, second = rules.chain(_curved((m, n), rng)[0], linear.matmul_right(factor)), _curved((m, p), rng)[1]
    return _chained(kind, a, first, second, "A")


def _chained(kind: str, x: Array, first: Map, second: Map, name: str) -> Case:
    function = rules.chain(first, second)

    def properties() -> tuple[Property, ...]:
        inner, outer = unit_jacobian(first, x), unit_jacobian(second, first.forward(x))
        product = rules.chain_jacobian(inner, outer, first.forward(x).ndim)
        size = float(np.abs(product).max())
        return (close("Jacobian is the product", unit_jacobian(function, x), product, function.roundings + 64, size),)

    return single(kind, name, x, function, properties=properties)


def _matrix_fan_in(rng: np.random.Generator, kind: str) -> Case:
    shape = tuple(sizes(rng, 2))
    return _added(kind, rng.standard_normal(shape), *_curved(shape, rng), "A")


def _added(kind: str, x: Array, first: Map, second: Map, name: str) -> Case:
    function = rules.add(first, second)

    def properties() -> tuple[Property, ...]:
        total = unit_jacobian(first, x) + unit_jacobian(second, x)
        return (exact("Jacobian is the sum", unit_jacobian(function, x), total),)

    return single(kind, name, x, function, properties=properties)


def _linear(
    name: str, make: Callable[[np.random.Generator], Linear], stated: bool
) -> Callable[[np.random.Generator, str], Case]:
    """A linear map by its Jacobian, or by its VJP: ``make(rng)`` gives argument, map and Jacobian."""

    def draw(rng: np.random.Generator, kind: str) -> Case:
        x, function, jacobian = make(rng)
        by_jacobian = contraction(lambda _: jacobian(), function.forward, 2 * x.size + 2)

        def properties() -> tuple[Property, ...]:
            pattern = exact("VJP and Jacobian are one map", unit_jacobian(function, x), jacobian())
            return (pattern, adjoint(by_jacobian if stated else function, x, rng))

        used, options = (by_jacobian, {"jacobian": jacobian}) if stated else (function, {})
        return single(kind, name, x, used, properties=properties, **options)

    return draw


def _identity(rng: np.random.Generator) -> Linear:
    a = rng.standard_normal(sizes(rng, 2))
    return a, rules.identity(), lambda: linear.identity_jacobian(a)


def _scale(rng: np.random.Generator) -> Linear:
    a, s = rng.standard_normal(sizes(rng, 2)), float(rng.standard_normal())
    return a, linear.scale(s), lambda: linear.scale_jacobian(a, s)


def _transpose(rng: np.random.Generator) -> Linear:
    a = rng.standard_normal(sizes(rng, 2))
    return a, linear.transpose(), lambda: linear.transpose_jacobian(a)


def _left(rng: np.random.Generator) -> Linear:
    m, n, p = sizes(rng, 3)
    c, b = rng.standard_normal((m, n)), rng.standard_normal((n, p))
    return b, linear.matmul_left(c), lambda: linear.matmul_left_jacobian(c, b)


def _right(rng: np.random.Generator) -> Linear:
    m, n, p = sizes(rng, 3)
    a, d = rng.standard_normal((m, n)), rng.standard_normal((n, p))
    return a, linear.matmul_right(d), lambda: linear.matmul_right_jacobian(a, d)


def _row_lifting(rng: np.random.Generator, kind: str) -> Case:
    m, n = sizes(rng, 2)
    a = rng.standard_normal((m, n))
    row = rules.chain(softmax.softmax(n), pointwise.gelu())
    function = rules.rows(row)

    def properties() -> tuple[Property, ...]:
        dy, other = rng.standard_normal((m, n)), a.copy()
        other[1:] += 1
        found = function.backward(a, dy)
        return (
            exact("each row is the row's own backward", found, np.stack([*map(row.backward, a, dy)])),
            exact("a row's gradient unmoved by other rows", function.backward(other, dy)[0], found[0]),
        )

    return single(kind, "A", a, function, properties=properties)


def _cube(rng: np.random.Generator) -> tuple[int, int, int]:
    m, n, p = sizes(rng, 3, 2, 3)
    return m, n, p


def _cube_chain_jacobian(rng: np.random.Generator, kind: str) -> Case:
    shape = _cube(rng)
    x = rng.standard_normal(shape)
    first, second = _curved(shape, rng)
    function = rules.chain(first, second)

    def jacobian(x: Array) -> Array:
        inner, outer = unit_jacobian(first, x), unit_jacobian(second, first.forward(x))
        return rules.chain_jacobian(inner, outer, 3)

    stated = contraction(jacobian, function.forward, function.roundings + 2 * x.size)
    return single(kind, "x", x, stated, jacobian=lambda: jacobian(x))


def _cube_chain(rng: np.random.Generator, kind: str) -> Case:
    shape = _cube(rng)
    return _chained(kind, rng.standard_normal(shape), *_curved(shape, rng), "x")


def _cube_fan_in(rng: np.random.Generator, kind: str) -> Case:
    shape = _cube(rng)
    return _added(kind, rng.standard_normal(shape), *_curved(shape, rng), "x")


STATEMENTS = (
    theorem(46, _row_independence, "large logits"),
    theorem(47, _matrix_chain),
    theorem(48, _matrix_fan_in),
    theorem(49, _linear("A", _identity, stated=True)),
    theorem(50, _linear("A", _scale, stated=True)),
    theorem(51, _linear("A", _transpose, stated=True)),
    theorem(52, _linear("B", _left, stated=True)),
    theorem(53, _linear("A", _right, stated=True)),
    theorem(54, _linear("B", _left, stated=False)),
    theorem(55, _linear("A", _right, stated=False)),
    theorem(56, _linear("A", _scale, stated=False)),
    theorem(57, _linear("A", _transpose, stated=False)),
    theorem(58, _row_lifting),
    theorem(59, _cube_chain_jacobian),
    theorem(60, _cube_chain),
    theorem(61, _cube_fan_in),
)
