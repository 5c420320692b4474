"""BatchNorm in both modes, by input, gain and shift. Earlier chapters; Ioffe & Szegedy 2015 (arXiv:1502.03167)."""

from __future__ import annotations

import numpy as np

from netspec.gradcheck import layer_norm, linear, rules
from netspec.gradcheck.rules import Array, Map, namespace


def training_by_input(examples: int, gain: Array, shift: Array, eps: float) -> Map:
    """``(n, c) -> (n, c)``, each channel normalised by its mean and variance over the ``n`` examples.

    A row-wise normalisation of the transposed matrix, so it needs no formula of its own.
    """
    return rules.chain(
        linear.transpose(),
        rules.rows(layer_norm.normalize(examples, eps)),
        linear.transpose(),
        layer_norm.affine(gain, shift),
    )


def training_statistics(x: Array) -> tuple[Array, Array]:
    """Mean and biased variance of each channel."""
    return x.mean(axis=0), x.var(axis=0)


def standardized(x: Array, mean: Array, variance: Array, eps: float) -> Array:
    """``x̂``, channel by channel."""
    return (x - mean) / np.sqrt(variance + eps)


def evaluation_by_input(mean: Array, variance: Array, gain: Array, shift: Array, eps: float) -> Map:
    """With running statistics: affine in each channel, ``dx = gain / √(variance + ε) · dy``."""
    factor = gain / np.sqrt(variance + eps)
    return layer_norm.affine(factor, shift - mean * factor)


def by_gain(xhat: Array, shift: Array) -> Map:
    """``γ -> γ x̂ + β``: ``dγ = Σ_n x̂ dy``."""
    return Map(
        lambda gain: gain * namespace(gain).asarray(xhat) + shift,
        lambda gain, dy: gain_backward(xhat, dy),
        len(xhat) + 2,
    )


def gain_backward(xhat: Array, dy: Array) -> Array:
    """``Σ_n x̂ dy`` for each channel."""
    return (xhat * dy).sum(axis=0)


def by_shift(scaled: Array) -> Map:
    """``β -> γ x̂ + β``: ``dβ = Σ_n dy``."""
    return Map(lambda shift: namespace(shift).asarray(scaled) + shift, lambda shift, dy: dy.sum(axis=0), len(scaled))
