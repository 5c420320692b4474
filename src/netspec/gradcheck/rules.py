"""Maps that carry their backward, and the three rules that join them: chain, additive fan-in, product.

Everything composite in this package is built with these functions, so its backward is derived, not written. Forward
functions take numpy and jax arrays alike, backward functions numpy arrays.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import numpy as np

Array = np.ndarray


@dataclass(frozen=True)
class Map:
    """A differentiable map ``forward(x) -> y`` with ``backward(x, dy) -> dx``, its vector-Jacobian product at ``x``.

    ``roundings`` bounds how many rounding errors a number collects on its way through both; a sum of ``n`` terms
    counts ``n``. It is what tolerances are derived from.
    """

    forward: Callable[[Array], Array]
    backward: Callable[[Array, Array], Array]
    roundings: int = 0


def identity() -> Map:
    """``X -> X``. Theorem 49, Matrix-level identity."""
    return Map(lambda x: x, lambda x, dy: dy)


def constant(value: Array) -> Map:
    """``X -> value``, whatever arrives: the fixed factor of a product."""
    return Map(lambda x: namespace(x).asarray(value), lambda x, dy: np.zeros_like(x))


def chain(*maps: Map) -> Map:
    """The first map, then the next, …: ``B(x, dy) = B_F(x, B_G(F(x), dy))``; of no maps, the identity.

    Theorem 47, Matrix-level chain rule; theorem 60, 3D VJP chain rule: a backward does not ask for the rank.
    """

    def then(first: Map, second: Map) -> Map:
        return Map(
            lambda x: second.forward(first.forward(x)),
            lambda x, dy: first.backward(x, second.backward(first.forward(x), dy)),
            first.roundings + second.roundings,
        )

    return reduce(then, maps) if maps else identity()


def repeat(make: Callable[[Any], Map], parameters: Sequence[Any]) -> Map:
    """``make(p)`` for each set of parameters in turn: the chain rule again.

    For jax the forward is a loop over the stacked sets, since a chain of many would take long to compile. They are
    trees of numbers and arrays whose shapes agree.
    """
    whole = chain(*map(make, parameters))

    def forward(x: Array) -> Array:
        if isinstance(x, np.ndarray) or len(parameters) < 2:
            return whole.forward(x)
        import jax

        stacked = jax.tree.map(lambda *leaves: jax.numpy.stack(leaves), *parameters)
        return jax.lax.scan(lambda x, p: (make(p).forward(x), None), x, stacked)[0]

    return replace(whole, forward=forward)


def add(first: Map, second: Map) -> Map:
    """``x -> F(x) + G(x)``: the backwards add.

    Theorem 48, Matrix-level additive fan-in; theorem 61, 3D additive fan-in.
    """
    return Map(
        lambda x: first.forward(x) + second.forward(x),
        lambda x, dy: first.backward(x, dy) + second.backward(x, dy),
        max(first.roundings, second.roundings) + 2,
    )


def residual(body: Map) -> Map:
    """``x -> x + F(x)``: additive fan-in with the identity."""
    return add(identity(), body)


def multiply(first: Map, second: Map, terms: int = 1) -> Map:
    """``x -> F(x) · G(x)``, entry by entry: each backward gets the cotangent times the other factor.

    Either factor may have axes of length one that are broadcast; the cotangent is summed over those, ``terms`` at
    a time.
    """

    def backward(x: Array, dy: Array) -> Array:
        f, g = first.forward(x), second.forward(x)
        return first.backward(x, summed_to(dy * g, f.shape)) + second.backward(x, summed_to(dy * f, g.shape))

    return Map(lambda x: first.forward(x) * second.forward(x), backward, first.roundings + second.roundings + terms + 2)


def matrix_product(first: Map, second: Map, terms: int) -> Map:
    """``X -> F(X) @ G(X)``, at most ``terms`` in any sum: theorems 54 and 55, joined by additive fan-in."""

    def backward(x: Array, dy: Array) -> Array:
        return first.backward(x, dy @ second.forward(x).T) + second.backward(x, first.forward(x).T @ dy)

    return Map(
        lambda x: first.forward(x) @ second.forward(x),
        backward,
        first.roundings + second.roundings + 2 * terms + 1,
    )


def beside(*maps: Map) -> Map:
    """``X -> [F(X) | G(X) | …]``, columns side by side: the cotangent is cut into slabs and the backwards add."""

    def backward(x: Array, dy: Array) -> Array:
        widths = [function.forward(x).shape[1] for function in maps]
        slabs = np.split(dy, np.cumsum(widths)[:-1], axis=1)
        parts = [function.backward(x, slab) for function, slab in zip(maps, slabs, strict=True)]
        return reduce(operator.add, parts)

    return Map(
        lambda x: namespace(x).concat([function.forward(x) for function in maps], axis=1),
        backward,
        max(function.roundings for function in maps) + len(maps),
    )


def rows(function: Map) -> Map:
    """The map of vectors on every row of a matrix: ``B(A, dY)_r = B_g(A_r, dY_r)``.

    Theorem 58, Row-wise lifting of any VJP.
    """
    return Map(
        lambda a: on_rows(function.forward, a),
        lambda a, dy: np.stack([function.backward(row, cotangent) for row, cotangent in zip(a, dy, strict=True)]),
        function.roundings,
    )


def row_jacobian(jacobian: Callable[[Array], Array], a: Array) -> Array:
    """Jacobian ``J[k, l, i, j] = [i = k] ∂g_l/∂x_j`` of a map of rows, ``jacobian(row)[l, j]`` being that of one row.

    Theorem 46, Row-independence for matrices.
    """
    blocks = [jacobian(row) for row in a]
    whole = np.zeros((len(blocks), blocks[0].shape[0], *a.shape))
    for index, block in enumerate(blocks):
        whole[index, :, index, :] = block
    return whole


def chain_jacobian(first: Array, second: Array, rank: int) -> Array:
    """``∂(G∘F)_k/∂x_i = Σ_j ∂F_j/∂x_i · ∂G_k/∂y_j`` with ``rank`` indices for each of ``i``, ``j``, ``k``.

    ``first`` is ``J_F[j, i]`` and ``second`` is ``J_G[k, j]``. Theorem 59, 3D chain rule.
    """
    return np.tensordot(second, first, axes=rank)


def on_rows(function: Callable[[Array], Array], a: Array) -> Array:
    """``function`` of every row of a numpy or jax matrix."""
    if isinstance(a, np.ndarray):
        return np.stack([function(row) for row in a])
    import jax

    return jax.vmap(function)(a)


def namespace(x: Array) -> Any:
    """numpy for its arrays, ``jax.numpy`` for those of jax."""
    return x.__array_namespace__()


def summed_to(x: Array, shape: tuple[int, ...]) -> Array:
    """``x`` summed over the axes that broadcasting lengthened from ``shape``, which has as many axes."""
    long = tuple(axis for axis, (now, before) in enumerate(zip(x.shape, shape, strict=True)) if now != before)
    return x.sum(axis=long, keepdims=True)
