"""What the activation functions are tried on: elementwise, so that one shape does for all cases."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np

from netspec.vocabulary.cases import Case
from netspec.vocabulary.term import Implementation


def inputs(case: Case, spread: float = 2.0) -> np.ndarray:
    """Numbers of both signs; all cases have the same many, since another shape is another program to compile."""
    return spread * case.normal(24)


def slopes(implementation: Implementation, x: np.ndarray) -> jax.Array:
    """The derivative of a function of each number at ``x``."""
    return _slopes(implementation)(jnp.asarray(x))


@cache
def _slopes(implementation: Implementation) -> Callable[[jax.Array], jax.Array]:
    return jax.jit(jax.grad(lambda x: implementation(x).sum()))
