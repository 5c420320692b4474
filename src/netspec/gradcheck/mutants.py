"""Deliberately wrong formulas, each of which the checks must find.

A mutant replaces one function of one file while a statement is checked; whatever is composed of that function is wrong
with it, so that a mistake in a piece is also looked for in what is built from it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np

from netspec.gradcheck import (
    checks,
    convolution,
    layer_norm,
    linear,
    max_pool,
    patch_embed,
    rules,
    softmax,
    transformer,
)
from netspec.gradcheck.rules import Array, Map
from netspec.gradcheck.statements import STATEMENTS


@dataclass(frozen=True)
class Mutant:
    """``wrong`` takes the place of ``function`` in the file ``module`` while statement ``key`` is checked."""

    key: str
    mistake: str
    module: str
    function: str
    wrong: Callable
    kind: str = "ordinary"


@contextmanager
def planted(mutant: Mutant) -> Iterator[None]:
    """The package with the mutant in it; without it again afterwards."""
    module = importlib.import_module(f"netspec.gradcheck.{mutant.module}")
    right = getattr(module, mutant.function)
    setattr(module, mutant.function, mutant.wrong)
    try:
        yield
    finally:
        setattr(module, mutant.function, right)


def findings(mutant: Mutant, seeds: Iterable[int] = (0, 1, 2)) -> list[checks.Check]:
    """The checks that fail with the mutant planted; none if it went unnoticed.

    Without jax, so by differences and structure alone: what is wrong must not need another implementation to be seen.
    """
    with planted(mutant):
        cases = [(STATEMENTS[mutant.key].case(mutant.kind, seed), np.random.default_rng(seed)) for seed in seeds]
        return [check for case in cases for check in checks.check(*case, with_jax=False) if not check.passed]


# The functions as they are, for the wrong ones to change a part of.
_chained, _rows, _matrix_product, _beside = rules.chain, rules.rows, rules.matrix_product, rules.beside
_add, _multiply, _residual, _row_jacobian = rules.add, rules.multiply, rules.residual, rules.row_jacobian
_softmax_backward, _scale_jacobian = softmax.backward, linear.scale_jacobian
_input_backward, _kernel_backward = convolution.input_backward, convolution.kernel_backward
_behind, _block, _tower = patch_embed.behind, transformer.block, transformer.tower


def _backward(right: Callable[..., Map], wrong: Callable[..., Callable[[Array, Array], Array]]) -> Callable[..., Map]:
    """A map with its forward as it is and the backward that ``wrong`` makes of the same parameters."""
    return lambda *given, **named: replace(right(*given, **named), backward=wrong(*given, **named))


def _chain(backward: Callable[[Map, Map], Callable[[Array, Array], Array]]) -> Callable[..., Map]:
    """The chain rule with the backward of two maps replaced."""

    def wrong(*maps: Map) -> Map:
        joined = reduce(lambda first, second: replace(_chained(first, second), backward=backward(first, second)), maps)
        return joined if maps else _chained()

    return wrong


def _rows_of_the_first(function: Map) -> Map:
    return replace(
        _rows(function), backward=lambda a, dy: np.stack([function.backward(a[0], cotangent) for cotangent in dy])
    )


def _product_with_one_factor_fixed(first: Map, second: Map, terms: int) -> Map:
    return replace(
        _matrix_product(first, second, terms), backward=lambda x, dy: first.backward(x, dy @ second.forward(x).T)
    )


def _slabs_in_wrong_order(*maps: Map) -> Map:
    def backward(x: Array, dy: Array) -> Array:
        slabs = np.split(dy, len(maps), axis=1)
        return sum(function.backward(x, slab) for function, slab in zip(maps, reversed(slabs), strict=True))

    return replace(_beside(*maps), backward=backward)


def _without_the_mean(x: Array, dy: Array, eps: float) -> Array:
    xhat = layer_norm.normalized(x, eps)
    return (dy - xhat * (xhat * dy).mean()) / (x.var() + eps) ** 0.5


def _without_the_variance(x: Array, dy: Array, eps: float) -> Array:
    return (dy - dy.mean()) / (x.var() + eps) ** 0.5


def _unbiased_variance(x: Array, dy: Array, eps: float) -> Array:
    xhat = layer_norm.normalized(x, eps)
    return (dy - dy.mean() - xhat * (xhat * dy).mean()) / (x.var(ddof=1) + eps) ** 0.5


def _epsilon_outside_the_root(x: Array, dy: Array, eps: float) -> Array:
    xhat = layer_norm.normalized(x, eps)
    return (dy - dy.mean() - xhat * (xhat * dy).mean()) / (x.var() ** 0.5 + eps)


def _kernel_turned(w: Array, dy: Array, shape: tuple[int, int, int], stride: int) -> Array:
    return _input_backward(w[:, :, ::-1, ::-1], dy, shape, stride)


def _kernel_channels_swapped(w: Array, dy: Array, shape: tuple[int, int, int], stride: int) -> Array:
    turned = np.roll(w, 1, axis=1)
    return _input_backward(turned, dy, shape, stride)


def _one_position_short(x: Array, dy: Array, side: int, stride: int) -> Array:
    kept = dy.copy()
    kept[:, -1, -1] = 0
    return _kernel_backward(x, kept, side, stride)


def _all_maxima_share(x: Array, dy: Array, side: int) -> Array:
    values = max_pool.windows(x, side)
    largest = values == values.max(axis=-1, keepdims=True)
    share = largest / largest.sum(axis=-1, keepdims=True) * dy[..., None]
    c, h, w = x.shape
    grid = share.reshape(c, h // side, w // side, side, side)
    return grid.transpose(0, 1, 3, 2, 4).reshape(x.shape)


def _exact_gelu_derivative(x: Array) -> Array:
    from math import erf, pi, sqrt

    below = np.vectorize(lambda value: (1 + erf(value / sqrt(2))) / 2)(x)
    return below + x * np.exp(-x * x / 2) / sqrt(2 * pi)


def _without_the_cubic_term(x: Array) -> Array:
    from math import pi, sqrt

    t = np.tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))
    return (1 + t) / 2 + x * (1 - t * t) / 2 * sqrt(2 / pi)


def _silent_class_token(row: Array) -> Map:
    return replace(_behind(row), backward=lambda x, dy: dy[:-1])


def _mlp_before_attention(p: transformer.Block, tokens: int) -> Map:
    right = _block(p, tokens)
    first, second = transformer.attention_sublayer(p, tokens), transformer.mlp_sublayer(p)
    return replace(right, backward=lambda x, dy: first.backward(x, second.backward(x, dy)))


MUTANTS = (
    Mutant(
        "46",
        "Jacobian of the first row used for every row",
        "rules",
        "row_jacobian",
        lambda jacobian, a: _row_jacobian(lambda _: jacobian(a[0]), a),
    ),
    Mutant(
        "47",
        "outer backward taken at zero",
        "rules",
        "chain",
        _chain(lambda f, g: lambda x, dy: f.backward(x, g.backward(0 * f.forward(x), dy))),
    ),
    Mutant(
        "60",
        "backwards composed in the order of the maps",
        "rules",
        "chain",
        _chain(lambda f, g: lambda x, dy: g.backward(f.forward(x), f.backward(x, dy))),
    ),
    Mutant(
        "60",
        "outer backward taken at the input of the inner map",
        "rules",
        "chain",
        _chain(lambda f, g: lambda x, dy: f.backward(x, g.backward(x, dy))),
    ),
    Mutant(
        "48",
        "second summand's backward forgotten",
        "rules",
        "add",
        lambda first, second: replace(_add(first, second), backward=first.backward),
    ),
    Mutant(
        "61",
        "backwards of the summands averaged",
        "rules",
        "add",
        lambda first, second: replace(
            _add(first, second), backward=lambda x, dy: (first.backward(x, dy) + second.backward(x, dy)) / 2
        ),
    ),
    Mutant("50", "scale squared", "linear", "scale_jacobian", lambda a, s: _scale_jacobian(a, s * s)),
    Mutant(
        "51",
        "Jacobian of the identity",
        "linear",
        "transpose_jacobian",
        lambda a: linear.identity_jacobian(a).reshape(*a.T.shape, *a.shape),
    ),
    Mutant(
        "54",
        "fixed factor transposed twice",
        "linear",
        "matmul_left",
        _backward(linear.matmul_left, lambda c: lambda b, dy: np.resize(c, c.T.shape) @ dy),
    ),
    Mutant(
        "55",
        "sign of the fixed factor lost",
        "linear",
        "matmul_right",
        _backward(linear.matmul_right, lambda d: lambda a, dy: dy @ np.abs(d).T),
    ),
    Mutant("56", "scale dropped", "linear", "scale", _backward(linear.scale, lambda s: lambda a, dy: dy)),
    Mutant("58", "every row's backward at the first row", "rules", "rows", _rows_of_the_first),
    Mutant(
        "59",
        "Jacobians multiplied in the wrong order",
        "rules",
        "chain_jacobian",
        lambda first, second, rank: np.tensordot(first, second, axes=rank),
    ),
    Mutant(
        "62", "diagonal without the rank-one term", "softmax", "jacobian", lambda z: np.diag(softmax.probabilities(z))
    ),
    Mutant(
        "63",
        "mean of the cotangent not weighted by p",
        "softmax",
        "backward",
        lambda z, dy: softmax.probabilities(z) * (dy - dy.mean()),
    ),
    Mutant("64", "cotangent not centred", "softmax", "backward", lambda z, dy: softmax.probabilities(z) * dy),
    Mutant("65", "1/√d dropped", "linear", "scale", _backward(linear.scale, lambda s: lambda a, dy: dy)),
    Mutant("66", "1/√d applied twice", "linear", "scale", _backward(linear.scale, lambda s: lambda a, dy: s * s * dy)),
    Mutant(
        "66",
        "softmax backward scaled by p twice",
        "softmax",
        "backward",
        lambda z, dy: softmax.probabilities(z) * _softmax_backward(z, dy),
    ),
    Mutant(
        "67",
        "weights not transposed",
        "linear",
        "matmul_left",
        _backward(linear.matmul_left, lambda c: lambda b, dy: np.resize(c, c.T.shape) @ dy),
    ),
    Mutant(
        "68", "gradient through keys and values forgotten", "rules", "matrix_product", _product_with_one_factor_fixed
    ),
    Mutant("68", "heads' slabs in reverse order", "rules", "beside", _slabs_in_wrong_order),
    Mutant("68", "output projection not transposed", "dense", "backward", lambda w, dy: dy @ np.resize(w, w.T.shape)),
    Mutant("70", "class token's cotangent not cut off", "patch_embed", "behind", _silent_class_token),
    Mutant("72", "term of the mean missing", "layer_norm", "backward", _without_the_mean),
    Mutant("72", "term of the variance missing", "layer_norm", "backward", _without_the_variance),
    Mutant("72", "unbiased variance", "layer_norm", "backward", _unbiased_variance),
    Mutant("72", "epsilon outside the root", "layer_norm", "backward", _epsilon_outside_the_root),
    Mutant(
        "72",
        "gain forgotten",
        "layer_norm",
        "affine",
        _backward(layer_norm.affine, lambda gain, shift: lambda x, dy: dy),
    ),
    Mutant("74", "derivative of the exact GELU", "pointwise", "gelu_derivative", _exact_gelu_derivative),
    Mutant(
        "76", "inner derivative of the cubic term forgotten", "pointwise", "gelu_derivative", _without_the_cubic_term
    ),
    Mutant(
        "77",
        "residual's identity forgotten",
        "rules",
        "residual",
        lambda body: replace(_residual(body), backward=body.backward),
    ),
    Mutant(
        "78",
        "residual's body forgotten",
        "rules",
        "residual",
        lambda body: replace(_residual(body), backward=lambda x, dy: dy),
    ),
    Mutant("79", "MLP sublayer differentiated at the block's input", "transformer", "block", _mlp_before_attention),
    Mutant(
        "80",
        "one block of the tower left out",
        "transformer",
        "tower",
        lambda blocks, tokens: replace(_tower(blocks, tokens), backward=_tower(blocks[:-1], tokens).backward),
    ),
    Mutant("81", "term of the mean missing in every LayerNorm", "layer_norm", "backward", _without_the_mean),
    Mutant(
        "dense",
        "kernel gradient of the first row only",
        "dense",
        "kernel_backward",
        lambda x, dy: np.outer(x[0], dy[0]),
    ),
    Mutant("relu", "cotangent passed everywhere", "pointwise", "relu_derivative", np.ones_like),
    Mutant("relu", "subgradient one at the kink", "pointwise", "relu_derivative", lambda x: (x >= 0).astype(x.dtype)),
    Mutant(
        "softmax-cross-entropy",
        "target subtracted from the logits",
        "softmax",
        "cross_entropy_backward",
        lambda target, z, dy: (z - target) * dy,
    ),
    Mutant("convolution", "kernel turned by 180 degrees", "convolution", "input_backward", _kernel_turned, "stride 2"),
    Mutant(
        "convolution",
        "last position left out of the kernel gradient",
        "convolution",
        "kernel_backward",
        _one_position_short,
    ),
    Mutant("convolution", "bias gradient averaged", "convolution", "bias_backward", lambda dy: dy.mean(axis=(1, 2))),
    Mutant("depthwise", "channels rotated by one", "convolution", "input_backward", _kernel_channels_swapped),
    Mutant("max-pool", "equal maxima share the cotangent", "max_pool", "backward", _all_maxima_share),
    Mutant(
        "batch-norm",
        "statistics treated as constants",
        "layer_norm",
        "backward",
        lambda x, dy, eps: dy / (x.var() + eps) ** 0.5,
    ),
    Mutant("batch-norm", "gain gradient without x̂", "batch_norm", "gain_backward", lambda xhat, dy: dy.sum(axis=0)),
    Mutant(
        "squeeze-excite",
        "gate treated as a constant",
        "rules",
        "multiply",
        lambda first, second, terms=1: replace(
            _multiply(first, second, terms), backward=lambda x, dy: first.backward(x, dy * second.forward(x))
        ),
    ),
)
