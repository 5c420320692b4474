"""Squeeze-and-excitation: the product of an image and a gate that depends on it. Earlier chapters."""

from __future__ import annotations

import numpy as np

from netspec.gradcheck import dense, pointwise, rules
from netspec.gradcheck.rules import Array, Map


def squeeze(shape: tuple[int, int, int]) -> Map:
    """``(c, h, w) -> (c,)``: the mean over positions; every position gets the same share of the cotangent."""
    area = shape[1] * shape[2]
    return Map(
        lambda x: x.mean(axis=(1, 2)),
        lambda x, dy: np.broadcast_to(dy[:, None, None] / area, x.shape),
        area + 1,
    )


def per_channel() -> Map:
    """``(c,) -> (c, 1, 1)``."""
    return Map(lambda x: x[:, None, None], lambda x, dy: dy[:, 0, 0])


def gate(shape: tuple[int, int, int], w1: Array, b1: Array, w2: Array, b2: Array) -> Map:
    """``σ(W₂ relu(W₁ mean(x)))`` per channel, ``(c, h, w) -> (c, 1, 1)``."""
    return rules.chain(
        squeeze(shape),
        dense.dense(w1, b1),
        pointwise.relu(),
        dense.dense(w2, b2),
        pointwise.logistic(),
        per_channel(),
    )


def squeeze_excite(shape: tuple[int, int, int], w1: Array, b1: Array, w2: Array, b2: Array) -> Map:
    """``x · gate(x)`` (Hu et al. 2017, arXiv:1709.01507, eqs. 2 to 4): the product rule with the identity."""
    return rules.multiply(rules.identity(), gate(shape, w1, b1, w2, b2), shape[1] * shape[2])
