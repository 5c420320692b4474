"""Activations, entry by entry. Theorem 74, Per-token GELU; ReLU of the earlier chapters."""

from __future__ import annotations

import math

from netspec.gradcheck.rules import Array, Map, namespace

_ROOT = math.sqrt(2 / math.pi)
_CUBIC = 0.044715


def gelu_derivative(x: Array) -> Array:
    """Derivative of the tanh form ``x (1 + tanh u) / 2`` with ``u = √(2/π) (x + 0.044715 x³)``."""
    xp = namespace(x)
    t = xp.tanh(_ROOT * (x + _CUBIC * x**3))
    return (1 + t) / 2 + x * (1 - t * t) / 2 * _ROOT * (1 + 3 * _CUBIC * x * x)


def gelu() -> Map:
    """GELU in the tanh form of Hendrycks & Gimpel 2016 (arXiv:1606.08415), as the book has it."""

    def forward(x: Array) -> Array:
        return x * (1 + namespace(x).tanh(_ROOT * (x + _CUBIC * x**3))) / 2

    return Map(forward, lambda x, dy: dy * gelu_derivative(x), 24)


def relu_derivative(x: Array) -> Array:
    """One where ``x > 0``, zero elsewhere: at the kink the subgradient zero."""
    return (x > 0).astype(x.dtype)


def relu() -> Map:
    """``max(x, 0)``; at zero the backward takes the subgradient zero."""
    return Map(lambda x: namespace(x).where(x > 0, x, 0.0), lambda x, dy: dy * relu_derivative(x), 1)


def logistic() -> Map:
    """``s = 1 / (1 + exp(−x))`` with derivative ``s (1 − s)``: the gate of squeeze-and-excitation."""

    def forward(x: Array) -> Array:
        return 1 / (1 + namespace(x).exp(-x))

    return Map(forward, lambda x, dy: dy * forward(x) * (1 - forward(x)), 8)
