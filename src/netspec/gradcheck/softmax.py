"""Softmax of a vector and of the rows of a matrix, and the cross-entropy behind it. Theorems 62 to 64 and 75."""

from __future__ import annotations

import numpy as np

from netspec.gradcheck import rules
from netspec.gradcheck.rules import Array, Map, namespace


def probabilities(z: Array) -> Array:
    """``p_i = exp(z_i) / Σ_j exp(z_j)``, the largest logit subtracted first so that no exponential overflows."""
    weights = namespace(z).exp(z - z.max())
    return weights / weights.sum()


def jacobian(z: Array) -> Array:
    """``J[j, i] = p_j ([i = j] − p_i)``. Theorem 62, Softmax Jacobian."""
    p = probabilities(z)
    return np.diag(p) - np.outer(p, p)


def backward(z: Array, dy: Array) -> Array:
    """``dz_i = p_i (dy_i − Σ_j p_j dy_j)``. Theorem 63, Standalone softmax VJP."""
    p = probabilities(z)
    return p * (dy - p @ dy)


def softmax(width: int) -> Map:
    """Softmax of vectors of ``width`` entries."""
    # Two sums over the vector; subtraction, exponential, division; product, subtraction.
    return Map(probabilities, lambda z, dy: backward(z, dy), 2 * width + 6)


def row_softmax(width: int) -> Map:
    """Softmax of every row of ``width`` entries. Theorem 64, Row-wise softmax VJP on a matrix; theorem 75."""
    return rules.rows(softmax(width))


def cross_entropy(target: Array) -> Map:
    """``z -> −Σ_i t_i log p_i``, a vector of one entry; targets ``t`` sum to one: ``dz = (p − t) dy``."""

    def forward(z: Array) -> Array:
        xp = namespace(z)
        shifted = z - z.max()
        return xp.reshape(xp.log(xp.exp(shifted).sum()) - (xp.asarray(target) * shifted).sum(), (1,))

    return Map(forward, lambda z, dy: cross_entropy_backward(target, z, dy), 2 * len(target) + 8)


def cross_entropy_backward(target: Array, z: Array, dy: Array) -> Array:
    """``(p − t) dy``: what is left when the softmax Jacobian meets the logarithm."""
    return (probabilities(z) - target) * dy
