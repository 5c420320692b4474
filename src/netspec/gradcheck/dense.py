"""The dense layer ``x W + b`` by input, kernel and bias. Theorem 73; kernel and bias are of the earlier chapters."""

from __future__ import annotations

import numpy as np

from netspec.gradcheck import rules
from netspec.gradcheck.rules import Array, Map, namespace


def backward(w: Array, dy: Array) -> Array:
    """``dx = dy Wᵀ``."""
    return dy @ w.T


def dense(w: Array, b: Array) -> Map:
    """``x -> x W + b`` of one vector, ``W`` of shape ``(in, out)``."""
    return Map(lambda x: x @ w + b, lambda x, dy: backward(w, dy), sum(w.shape) + 1)


def per_token(w: Array, b: Array) -> Map:
    """The same on every row. Theorem 73, Per-token dense lifted to a matrix."""
    return rules.rows(dense(w, b))


def of_kernel(x: Array, b: Array) -> Map:
    """``W -> X W + b`` with the rows ``X`` fixed: ``dW = Xᵀ dY``."""
    return Map(lambda w: namespace(w).asarray(x) @ w + b, lambda w, dy: kernel_backward(x, dy), sum(x.shape) + 1)


def kernel_backward(x: Array, dy: Array) -> Array:
    """``Xᵀ dY``: the outer products of inputs and cotangents, summed over the rows."""
    return x.T @ dy


def of_bias(x: Array, w: Array) -> Map:
    """``b -> X W + b``: the cotangents of all rows add up."""
    return Map(lambda b: namespace(b).asarray(x @ w) + b, lambda b, dy: np.sum(dy, axis=0), sum(x.shape) + 1)
