"""What several properties of dropout share: how it is judged, and mistakes that draw."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from netspec.vocabulary.cases import Case, apart, wrong
from netspec.vocabulary.term import Implementation

#: The probability of dropping, and how many draws a share is taken of: it is within SHARE, four deviations.
RATE, DRAWS = 0.3, 10_000
SHARE = 4 * (RATE * (1 - RATE) / DRAWS) ** 0.5


def noise(key: jax.Array, shape: tuple[int, ...], share: float) -> np.ndarray:
    """What is kept with that probability, for mistakes."""
    return np.random.default_rng(np.asarray(jax.random.key_data(key))).random(shape) < share


def whole(y: Any, x: np.ndarray, axes: tuple[int, ...]) -> float:
    """Whether ``y`` is ``x`` divided by 1 − RATE, or zero, as a whole along ``axes``.

    Both must occur, and not the same for all examples.
    """
    ratio = np.asarray(y) / x * (1 - RATE)
    first = ratio[tuple(slice(0, 1) if axis in axes else slice(None) for axis in range(x.ndim))]
    both = set(np.round(first.ravel(), 9)) == {0.0, 1.0} and not (np.round(first) == np.round(first[:1])).all()
    return max(wrong(both), apart(ratio, np.broadcast_to(np.round(first), x.shape)))


def evaluates(implementation: Implementation, x: np.ndarray) -> float:
    """By how much evaluation is not the identity."""
    return apart(implementation(x, RATE, deterministic=True), x)


def share(shape: tuple[int, ...]) -> Callable[..., float]:
    """By how much the share of ones that are dropped, and what their mean becomes, are off."""

    def residual(dropout: Implementation, case: Case) -> float:
        y = np.asarray(dropout(np.ones(shape), RATE, case.key))
        return float(max(abs((y == 0).mean() - RATE), (1 - RATE) * abs(y.mean() - 1)))

    return residual


def drops(
    shape_of: Callable[[tuple[int, ...]], tuple[int, ...]], training: float | None = None, evaluation: float = 1
) -> Implementation:
    """A dropout that shares draws as ``shape_of`` says, and scales by other factors."""

    def drop(x: np.ndarray, rate: float, key: Any = None, *, deterministic: bool = False) -> np.ndarray:
        if deterministic:
            return evaluation * x
        return x * noise(key, shape_of(x.shape), 1 - rate) * (1 / (1 - rate) if training is None else training)

    return drop


def each_element(shape: tuple[int, ...]) -> tuple[int, ...]:
    """A draw of its own for each."""
    return shape
