"""Normalisation of a vector by its own mean and variance, and LayerNorm per token. Theorem 72."""

from __future__ import annotations

from netspec.gradcheck import rules
from netspec.gradcheck.rules import Array, Map, namespace


def normalized(x: Array, eps: float) -> Array:
    """``(x − mean) / √(variance + ε)`` with the biased variance."""
    centred = x - x.mean()
    return centred / namespace(x).sqrt((centred * centred).mean() + eps)


def backward(x: Array, dy: Array, eps: float) -> Array:
    """``(dy − mean(dy) − x̂ mean(x̂ dy)) / √(variance + ε)``: mean and variance depend on every entry."""
    xhat = normalized(x, eps)
    return (dy - dy.mean() - xhat * (xhat * dy).mean()) / (x.var() + eps) ** 0.5


def normalize(width: int, eps: float) -> Map:
    """The map of vectors of ``width`` entries, ``eps > 0``."""
    return Map(lambda x: normalized(x, eps), lambda x, dy: backward(x, dy, eps), 4 * width + 10)


def affine(gain: float | Array, shift: float | Array) -> Map:
    """``x -> gain · x + shift``, entry by entry; numbers in theorem 72, vectors in every implementation."""
    return Map(lambda x: gain * x + shift, lambda x, dy: gain * dy, 3)


def layer_norm(width: int, gain: float | Array, shift: float | Array, eps: float) -> Map:
    """LayerNorm of one vector: the chain rule over the two maps above."""
    return rules.chain(normalize(width, eps), affine(gain, shift))


def per_token(width: int, gain: float | Array, shift: float | Array, eps: float) -> Map:
    """LayerNorm of every row. Theorem 72, Per-token LayerNorm lifted to a matrix."""
    return rules.rows(layer_norm(width, gain, shift, eps))
