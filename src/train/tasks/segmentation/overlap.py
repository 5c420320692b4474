"""How much of what is said to be of a class is of it: figures of one table, truth by rows, what is said by columns."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np


def table_of(truth: jax.Array, said: jax.Array, known: jax.Array, classes: int) -> jax.Array:
    """How many pixels of each class are said to be of which, ``float32 (classes, classes)``, of those ``known``."""
    rows, columns = (jax.nn.one_hot(x.reshape(-1), classes, dtype=jnp.float32) for x in (truth, said))
    return (rows * known.reshape(-1, 1)).T @ columns


def intersection_over_union(table: np.ndarray) -> np.ndarray:
    """Of every class ``(classes,)``; NaN where nothing is of it and nothing said to be (Everingham et al. 2010)."""
    hits, either = np.diag(table), table.sum(0) + table.sum(1) - np.diag(table)
    return np.divide(hits, either, out=np.full(len(table), np.nan), where=either > 0)


def dice(table: np.ndarray) -> np.ndarray:
    """Twice the common pixels over those of both, ``(classes,)``; NaN as above (Dice 1945)."""
    both = table.sum(0) + table.sum(1)
    return np.divide(2 * np.diag(table), both, out=np.full(len(table), np.nan), where=both > 0)
