"""The wrong formulas of :mod:`netspec.gradcheck.mutants` that take more than a line."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import replace
from functools import reduce

import numpy as np

from netspec.gradcheck import convolution, layer_norm, linear, max_pool, patch_embed, rules, softmax, transformer
from netspec.gradcheck.rules import Array, Map

# The functions as they are, for the wrong ones to change a part of.
right_chain, right_rows, right_matrix_product, right_beside = (
    rules.chain,
    rules.rows,
    rules.matrix_product,
    rules.beside,
)
right_add, right_multiply, right_residual, right_row_jacobian = (
    rules.add,
    rules.multiply,
    rules.residual,
    rules.row_jacobian,
)
right_softmax_backward, right_scale_jacobian = softmax.backward, linear.scale_jacobian
right_input_backward, right_kernel_backward = convolution.input_backward, convolution.kernel_backward
right_behind, right_block, right_tower = patch_embed.behind, transformer.block, transformer.tower


def with_backward(
    right: Callable[..., Map], wrong: Callable[..., Callable[[Array, Array], Array]]
) -> Callable[..., Map]:
    """A map with its forward as it is and the backward that ``wrong`` makes of the same parameters."""
    return lambda *given, **named: replace(right(*given, **named), backward=wrong(*given, **named))


def with_chain(backward: Callable[[Map, Map], Callable[[Array, Array], Array]]) -> Callable[..., Map]:
    """The chain rule with the backward of two maps replaced."""

    def wrong(*maps: Map) -> Map:
        joined = reduce(
            lambda first, second: replace(right_chain(first, second), backward=backward(first, second)), maps
        )
        return joined if maps else right_chain()

    return wrong


def rows_of_the_first(function: Map) -> Map:
    """Row-wise lifting with every backward taken at the first row."""
    return replace(
        right_rows(function), backward=lambda a, dy: np.stack([function.backward(a[0], cotangent) for cotangent in dy])
    )


def product_with_one_factor_fixed(first: Map, second: Map, terms: int) -> Map:
    """The product rule without its second term."""
    return replace(
        right_matrix_product(first, second, terms), backward=lambda x, dy: first.backward(x, dy @ second.forward(x).T)
    )


def slabs_in_wrong_order(*maps: Map) -> Map:
    """Columns side by side, the cotangent dealt out from the right."""

    def backward(x: Array, dy: Array) -> Array:
        slabs = np.split(dy, len(maps), axis=1)
        parts = [function.backward(x, slab) for function, slab in zip(maps, reversed(slabs), strict=True)]
        return reduce(operator.add, parts)

    return replace(right_beside(*maps), backward=backward)


def without_the_mean(x: Array, dy: Array, eps: float) -> Array:
    """Normalisation as if the mean did not depend on the entries."""
    xhat = layer_norm.normalized(x, eps)
    return (dy - xhat * (xhat * dy).mean()) / (x.var() + eps) ** 0.5


def without_the_variance(x: Array, dy: Array, eps: float) -> Array:
    """Normalisation as if the variance did not depend on the entries."""
    return (dy - dy.mean()) / (x.var() + eps) ** 0.5


def unbiased_variance(x: Array, dy: Array, eps: float) -> Array:
    """Normalisation divided by the root of the unbiased variance."""
    xhat = layer_norm.normalized(x, eps)
    return (dy - dy.mean() - xhat * (xhat * dy).mean()) / (x.var(ddof=1) + eps) ** 0.5


def epsilon_outside_the_root(x: Array, dy: Array, eps: float) -> Array:
    """Normalisation with ε added to the root."""
    xhat = layer_norm.normalized(x, eps)
    return (dy - dy.mean() - xhat * (xhat * dy).mean()) / (x.var() ** 0.5 + eps)


def kernel_turned(w: Array, dy: Array, shape: tuple[int, int, int], stride: int) -> Array:
    """A convolution’s input gradient with the kernel turned."""
    return right_input_backward(w[:, :, ::-1, ::-1], dy, shape, stride)


def kernel_channels_swapped(w: Array, dy: Array, shape: tuple[int, int, int], stride: int) -> Array:
    """A convolution’s input gradient with its channels rotated."""
    turned = np.roll(w, 1, axis=1)
    return right_input_backward(turned, dy, shape, stride)


def one_position_short(x: Array, dy: Array, side: int, stride: int) -> Array:
    """A convolution’s kernel gradient without the last position."""
    kept = dy.copy()
    kept[:, -1, -1] = 0
    return right_kernel_backward(x, kept, side, stride)


def all_maxima_share(x: Array, dy: Array, side: int) -> Array:
    """Max-pooling whose equal maxima share the cotangent."""
    values = max_pool.windows(x, side)
    largest = values == values.max(axis=-1, keepdims=True)
    share = largest / largest.sum(axis=-1, keepdims=True) * dy[..., None]
    c, h, w = x.shape
    grid = share.reshape(c, h // side, w // side, side, side)
    return grid.transpose(0, 1, 3, 2, 4).reshape(x.shape)


def exact_gelu_derivative(x: Array) -> Array:
    """Derivative of ``x Φ(x)``, not of the tanh form."""
    from math import erf, pi, sqrt

    below = np.vectorize(lambda value: (1 + erf(value / sqrt(2))) / 2)(x)
    return below + x * np.exp(-x * x / 2) / sqrt(2 * pi)


def without_the_cubic_term(x: Array) -> Array:
    """GELU’s derivative as if the cubic term were constant."""
    from math import pi, sqrt

    t = np.tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))
    return (1 + t) / 2 + x * (1 - t * t) / 2 * sqrt(2 / pi)


def silent_class_token(row: Array) -> Map:
    """The class token’s row cut off at the wrong end."""
    return replace(right_behind(row), backward=lambda x, dy: dy[:-1])


def mlp_before_attention(p: transformer.Block, tokens: int) -> Map:
    """A block whose second backward is taken at the block’s input."""
    right = right_block(p, tokens)
    first, second = transformer.attention_sublayer(p, tokens), transformer.mlp_sublayer(p)
    return replace(right, backward=lambda x, dy: first.backward(x, second.backward(x, dy)))
