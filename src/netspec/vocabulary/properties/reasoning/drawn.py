"""Weights of the reasoning examples with all of their numbers drawn, biases too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from netspec.vocabulary.cases import Case


def drawn(case: Case, weights: Callable[..., Any], *sizes: int) -> Any:
    """What ``weights(key, *sizes)`` has, with half a standard normal number everywhere, in float64."""
    shapes = shapes_of(weights, *sizes)
    leaves, structure = jax.tree.flatten(shapes)
    return structure.unflatten([case.normal(*leaf.shape, seed=100 + n) / 2 for n, leaf in enumerate(leaves)])


def shapes_of(weights: Callable[..., Any], *sizes: int) -> Any:
    """The shapes of ``weights(key, *sizes)``, without drawing them."""
    return jax.eval_shape(lambda: weights(jax.random.key(0), *sizes))


def count(tree: Any) -> int:
    """How many numbers a tree of shapes has."""
    return sum(int(np.prod(leaf.shape)) for leaf in jax.tree.leaves(tree))
