"""What properties are tried on: a few sizes, among them the smallest, and numbers drawn in float64."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import numpy as np


@dataclass(frozen=True)
class Case:
    """Sizes with a name, and the numbers drawn for them.

    ``heads`` divides ``channels``. The same call draws the same numbers again, so that a wrong implementation sees what
    the right one saw.
    """

    name: str
    batch: int
    tokens: int
    channels: int
    heads: int
    height: int
    width: int
    seed: int = 0

    def rng(self, seed: int = 0) -> np.random.Generator:
        """A generator at its start, for draws of other kinds."""
        return np.random.default_rng([self.seed, seed])

    @property
    def key(self) -> jax.Array:
        """A key for what draws with JAX."""
        return jax.random.key(self.seed)

    def normal(self, *shape: int, seed: int = 0) -> np.ndarray:
        """Standard normal numbers in float64; other ``seed``, other numbers."""
        return self.rng(seed).standard_normal(shape)

    def uniform(self, *shape: int, low: float = 0.0, high: float = 1.0, seed: int = 0) -> np.ndarray:
        """Uniform numbers in float64."""
        return self.rng(seed).uniform(low, high, shape)


#: The ordinary case first, then one token and one pixel, one channel, odd sides with a batch of one.
CASES = (
    Case("ordinary", batch=3, tokens=6, channels=8, heads=2, height=6, width=4),
    Case("one token", batch=2, tokens=1, channels=4, heads=2, height=1, width=1, seed=1),
    Case("one channel", batch=2, tokens=5, channels=1, heads=1, height=4, width=2, seed=2),
    Case("odd, batch of one", batch=1, tokens=7, channels=9, heads=3, height=7, width=5, seed=3),
)


def apart(found: Any, expected: Any) -> float:
    """The largest difference over the largest absolute value expected (at least 1 in a thousand billion).

    Infinite where shapes differ or a number is not finite on one side only.
    """
    one, other = np.asarray(found), np.asarray(expected)
    if one.shape != other.shape:
        return float("inf")
    if one.size == 0:
        return 0.0
    same = (one == other) | (np.isnan(one) & np.isnan(other))
    if same.all():
        return 0.0
    difference = np.abs(np.where(same, 0, one) - np.where(same, 0, other))
    size = np.abs(other[np.isfinite(other)]).max(initial=0.0)
    worst = difference.max()
    return float(worst / max(size, 1e-12)) if np.isfinite(worst) else float("inf")


def few(case: Case) -> tuple[int, int]:
    """Batch and channels of the case with one channel or, for all others, of the ordinary one.

    For what shapes hardly matter to: every other shape has to be compiled again, and that is what checking takes.
    """
    one = case if case.channels == 1 else CASES[0]
    return one.batch, one.channels


def wrong(holds: Any) -> float:
    """0 where it holds (everywhere, of an array), 1 where not."""
    return 0.0 if np.all(holds) else 1.0
