"""Pooling by hand, and what it is tried on."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import jax
import numpy as np

from netspec.layers import MaxPool
from netspec.vocabulary.cases import Case
from netspec.vocabulary.term import Implementation


def pictures(case: Case, height: int = 5, width: int = 4) -> np.ndarray:
    """Two of three channels, with numbers of both signs."""
    return case.normal(2, height, width, 3)


def by_hand(x: np.ndarray, window: int, stride: int, chosen: Callable[..., Any]) -> np.ndarray:
    """Each window of ``(batch, height, width, channels)`` that fits in whole, by a function of numpy."""
    rows, columns = ((side - window) // stride + 1 for side in x.shape[1:3])
    parts = [
        [
            chosen(x[:, stride * i : stride * i + window, stride * j : stride * j + window], axis=(1, 2))
            for j in range(columns)
        ]
        for i in range(rows)
    ]
    return np.stack([np.stack(row, 1) for row in parts], 1)


@cache
def gradient(module: Implementation, *layer: MaxPool) -> Callable[[np.ndarray], jax.Array]:
    """The gradient of the sum of what leaves a pool."""
    return jax.jit(jax.grad(lambda x: module(*layer)(x).sum()))
