"""Draws of the earlier chapters' layers of images: convolution, depthwise convolution, max-pooling."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from netspec.gradcheck import convolution as convolutions
from netspec.gradcheck import max_pool as pooling
from netspec.gradcheck.rules import Array, Map
from netspec.gradcheck.statement import Argument, Case, Property, unit_jacobian
from netspec.gradcheck.statements.common import adjoint, exact, single, sizes

STRIDED = "stride 2"


def image(rng: np.random.Generator, channels: int) -> Array:
    """A normal image of random sides."""
    return rng.standard_normal((channels, *sizes(rng, 2, 4, 6)))


def convolution(rng: np.random.Generator, kind: str) -> Case:
    """A convolution by input, kernel and bias."""
    c, d, stride = *sizes(rng, 2, 1, 3), 2 if kind == STRIDED else 1
    side = int(rng.choice([1, 3, 5])) if kind == "ordinary" else 3
    x, w, b = image(rng, c), rng.standard_normal((d, c, side, side)), rng.standard_normal(d)
    functions = (
        convolutions.by_input(w, b, stride),
        convolutions.by_kernel(x, b, stride),
        convolutions.by_bias(x, w, stride),
    )
    return _linear_layer(kind, ("x", "W", "b"), (x, w, b), functions, convolutions.by_input(w, 0 * b, stride), rng)


def depthwise(rng: np.random.Generator, kind: str) -> Case:
    """A depthwise convolution by input, kernel and bias."""
    (c,), stride = sizes(rng, 1, 2, 4), 2 if kind == STRIDED else 1
    x, w, b = image(rng, c), rng.standard_normal((c, 3, 3)), rng.standard_normal(c)
    functions = (
        convolutions.depthwise_by_input(w, b, stride),
        convolutions.depthwise_by_kernel(x, b, stride),
        convolutions.by_bias(x, convolutions.diagonal(w), stride),
    )
    case = _linear_layer(
        kind, ("x", "W", "b"), (x, w, b), functions, convolutions.depthwise_by_input(w, 0 * b, stride), rng
    )

    def properties() -> tuple[Property, ...]:
        dy = rng.standard_normal(functions[0].forward(x).shape)
        dy[0] = 0
        found = functions[0].backward(x, dy)[0], functions[1].backward(w, dy)[0]
        return (*case.properties(), *(exact("channels do not mix", gradient, 0.0) for gradient in found))

    return Case(kind, case.arguments, properties)


def _linear_layer(
    kind: str,
    names: Sequence[str],
    values: Sequence[Array],
    functions: Sequence[Map],
    without_bias: Map,
    rng: np.random.Generator,
) -> Case:
    arguments = tuple(Argument(*each) for each in zip(names, values, functions, strict=True))

    def properties() -> tuple[Property, ...]:
        return (adjoint(without_bias, values[0], rng), _reached(without_bias, values[0]))

    return Case(kind, arguments, properties)


def _reached(function: Map, x: Array) -> Property:
    """The zeros of the backward are where the forward reads nothing: a pixel moves just the outputs it is read by."""
    moved, one = x.copy(), np.zeros(x.shape)
    moved[0, 0, 0] += 1
    one = function.forward(moved) - function.forward(x)
    rows = unit_jacobian(function, x)[..., 0, 0, 0]
    return exact("sparse where the kernel does not reach", rows * (np.abs(one) < 1e-12), 0.0)


def max_pool(rng: np.random.Generator, kind: str) -> Case:
    """Max-pooling away from ties, and its convention at them."""
    side, (c, down, across) = int(rng.integers(2, 4)), sizes(rng, 3, 1, 3)
    shape = (c, down * side, across * side)
    # Values 0.1 apart in random order: no two in a window are nearer than the longest step.
    x = 0.1 * rng.permutation(math.prod(shape)).reshape(shape)
    function = pooling.max_pool(side)

    def properties() -> tuple[Property, ...]:
        dy = rng.standard_normal(function.forward(x).shape)
        tied = np.zeros(shape)
        found = function.backward(tied, dy)
        windows = pooling.windows(found, side)
        summed = pooling.windows(function.backward(x, dy), side).sum(axis=-1)
        return (
            exact("a window's gradients sum to its cotangent", summed, dy),
            exact("of equal entries the first takes all", windows[..., 0], dy),
            exact("of equal entries the others take nothing", windows[..., 1:], 0.0),
            exact("ties as the networks have them", found, _pool_of_the_networks(tied, dy, side)),
        )

    return single(kind, "x", x, function, properties=properties)


def _pool_of_the_networks(x: Array, dy: Array, side: int) -> Array:
    import jax
    from flax import nnx

    def pool(x: Any) -> Any:
        return nnx.max_pool(x.transpose(1, 2, 0), (side, side), strides=(side, side)).transpose(2, 0, 1)

    with jax.enable_x64(True):
        return np.asarray(jax.vjp(pool, jax.numpy.asarray(x))[1](jax.numpy.asarray(dy))[0])
