"""Linear maps of matrices: scaling, transposition, both matrix products. Theorems 50 to 57."""

from __future__ import annotations

import numpy as np

from netspec.gradcheck.rules import Array, Map, namespace


def scale(s: float) -> Map:
    """``A -> sA``, backward ``dA = s dY``. Theorem 56, Scalar-scale VJP."""
    return Map(lambda a: s * a, lambda a, dy: s * dy, 2)


def transpose() -> Map:
    """``A -> Aᵀ``, backward ``dA = dYᵀ``. Theorem 57, Transpose VJP."""
    return Map(lambda a: a.T, lambda a, dy: dy.T)


def matmul_left(c: Array) -> Map:
    """``B -> C B``, backward ``dB = Cᵀ dY``. Theorem 54, Matmul VJP, left factor fixed."""
    return Map(lambda b: namespace(b).asarray(c) @ b, lambda b, dy: c.T @ dy, sum(c.shape))


def matmul_right(d: Array) -> Map:
    """``A -> A D``, backward ``dA = dY Dᵀ``. Theorem 55, Matmul VJP, right factor fixed."""
    return Map(lambda a: a @ d, lambda a, dy: dy @ d.T, sum(d.shape))


def identity_jacobian(a: Array) -> Array:
    """``J[k, l, i, j] = [i = k][j = l]``. Theorem 49, Matrix-level identity."""
    return scale_jacobian(a, 1.0)


def scale_jacobian(a: Array, s: float) -> Array:
    """``J[k, l, i, j] = s [i = k][j = l]``. Theorem 50, Scalar-scale Jacobian."""
    m, n = a.shape
    return s * np.einsum("ki,lj->klij", np.eye(m), np.eye(n))


def transpose_jacobian(a: Array) -> Array:
    """``J[k, l, i, j] = [j = k][i = l]``. Theorem 51, Transpose Jacobian."""
    m, n = a.shape
    return np.einsum("kj,li->klij", np.eye(n), np.eye(m))


def matmul_left_jacobian(c: Array, b: Array) -> Array:
    """``J[k, l, i, j] = [l = j] C_ki``. Theorem 52, Matmul Jacobian, left factor fixed."""
    return np.einsum("lj,ki->klij", np.eye(b.shape[1]), c)


def matmul_right_jacobian(a: Array, d: Array) -> Array:
    """``J[k, l, i, j] = [i = k] D_jl``. Theorem 53, Matmul Jacobian, right factor fixed."""
    return np.einsum("ki,jl->klij", np.eye(a.shape[0]), d)
