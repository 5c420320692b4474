"""Convolution and depthwise convolution of images ``(c, h, w)``, by input, kernel and bias. Earlier chapters.

A kernel of odd side ``k`` is padded by ``(k − 1) / 2`` zeros on every side and moves by ``stride``. All three
backwards follow from one fact: output ``(i, j)`` reads the padded input at ``(i·stride + a, j·stride + b)``.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from netspec.gradcheck import rules
from netspec.gradcheck.rules import Array, Map, namespace


def taps(side: int, stride: int, shape: tuple[int, int]) -> Iterator[tuple[int, int, slice, slice]]:
    """For every tap of the kernel, the rows and columns of the padded input that it reads."""
    height, width = (-(-length // stride) for length in shape)
    for a in range(side):
        for b in range(side):
            yield a, b, slice(a, a + (height - 1) * stride + 1, stride), slice(b, b + (width - 1) * stride + 1, stride)


def padded(x: Array, side: int) -> Array:
    """``x`` in a frame of zeros."""
    reach = side // 2
    return namespace(x).pad(x, ((0, 0), (reach, reach), (reach, reach)))


def convolved(x: Array, w: Array, b: Array, stride: int) -> Array:
    """``y[d] = b[d] + Σ_{c,a,b} W[d, c, a, b] x[c, ·stride + a, ·stride + b]``."""
    xp, framed = namespace(x), padded(x, w.shape[-1])
    parts = [
        xp.tensordot(w[:, :, i, j], framed[:, rows, columns], axes=1)
        for i, j, rows, columns in taps(w.shape[-1], stride, x.shape[1:])
    ]
    return sum(parts) + b[:, None, None]


def input_backward(w: Array, dy: Array, shape: tuple[int, int, int], stride: int) -> Array:
    """Each tap sends its share of the cotangent back to where it read: the transposed convolution."""
    side = w.shape[-1]
    framed = padded(np.zeros(shape), side)
    for i, j, rows, columns in taps(side, stride, shape[1:]):
        framed[:, rows, columns] += np.tensordot(w[:, :, i, j].T, dy, axes=1)
    reach = side // 2
    return framed[:, reach : reach + shape[1], reach : reach + shape[2]]


def kernel_backward(x: Array, dy: Array, side: int, stride: int) -> Array:
    """Each tap collects what it read times the cotangent, over all positions: a convolution of input and cotangent."""
    framed, dw = padded(x, side), np.empty((len(dy), len(x), side, side))
    for i, j, rows, columns in taps(side, stride, x.shape[1:]):
        dw[:, :, i, j] = np.einsum("dhw,chw->dc", dy, framed[:, rows, columns])
    return dw


def bias_backward(dy: Array) -> Array:
    """The cotangent summed over all positions."""
    return dy.sum(axis=(1, 2))


def by_input(w: Array, b: Array, stride: int) -> Map:
    """``x -> W ∗ x + b``, a convolution with a kernel ``(d, c, k, k)``."""
    return Map(
        lambda x: convolved(x, w, b, stride), lambda x, dy: input_backward(w, dy, x.shape, stride), 2 * w[0].size + 1
    )


def by_kernel(x: Array, b: Array, stride: int) -> Map:
    """``W -> W ∗ x + b``."""
    return Map(
        lambda w: convolved(namespace(w).asarray(x), w, b, stride),
        lambda w, dy: kernel_backward(x, dy, w.shape[-1], stride),
        2 * x.size,
    )


def by_bias(x: Array, w: Array, stride: int) -> Map:
    """``b -> W ∗ x + b``."""
    return Map(lambda b: convolved(namespace(b).asarray(x), w, b, stride), lambda b, dy: bias_backward(dy), 2 * x.size)


def depthwise_by_input(w: Array, b: Array, stride: int) -> Map:
    """One kernel ``(k, k)`` per channel, ``W`` of shape ``(c, k, k)``: a convolution whose kernel is diagonal."""
    return by_input(diagonal(w), b, stride)


def depthwise_by_kernel(x: Array, b: Array, stride: int) -> Map:
    """``W -> W ∗ x + b`` with ``W`` of shape ``(c, k, k)``: the diagonal, then the convolution, by the chain rule."""
    return rules.chain(Map(diagonal, lambda w, dy: np.einsum("ccij->cij", dy)), by_kernel(x, b, stride))


def diagonal(w: Array) -> Array:
    """``(c, k, k) -> (c, c, k, k)``, zero off the diagonal."""
    xp = namespace(w)
    return xp.eye(w.shape[0])[:, :, None, None] * w[:, None]
