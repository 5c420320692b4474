"""Attention within a window, by blocks: what no token sees is not computed. Pure functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netspec.layers.pieces import Blocks
from netspec.modules.attention import attend

#: How many tokens before and behind itself a token sees; ``None`` is all.
Reach = tuple[int | None, int | None]


def in_reach(distance: Any, reach: Reach) -> Any:
    """Which keys a query sees by their ``distance``, the key's position minus the query's: booleans of its shape."""
    back, ahead = reach
    seen = (distance >= -back) if back is not None else (distance == distance)
    return seen & (distance <= ahead) if ahead is not None else seen


def attend_in_blocks(
    query: jax.Array,
    key: jax.Array,
    value: jax.Array,
    blocks: Blocks,
    reach: Reach,
    bias_of: Callable[[np.ndarray], jax.Array | None],
    scale: float | None = None,
) -> jax.Array:
    """``(B, T, heads, c), (B, T, pairs, c), (B, T, pairs, d) -> (B, T, heads, d)``, equal to the masked square.

    Queries go in blocks, each scored against the blocks that hold what it sees. ``bias_of`` a matrix of distances is
    added to the scores, the same in every block. Padding behind the last token sees itself, so that its softmax is a
    number, and is cut off. Source: Beltagy et al. 2020 (arXiv:2004.05150), sec. 3.1 and app. A.
    """
    batch, tokens = query.shape[:2]
    size, count = blocks.size, blocks.count(tokens)
    within, across = np.arange(size), np.arange(blocks.span) - blocks.back * size
    distance = across - within[:, None]
    starts = size * np.arange(count)[:, None, None]
    asked, found = starts + within[:, None], starts + across
    seen = in_reach(distance, reach) & (found >= 0) & ((found < tokens) | (asked >= tokens))

    bias = bias_of(distance)

    def one(query: jax.Array, key: jax.Array, value: jax.Array, mask: jax.Array) -> jax.Array:
        return attend(query, key, value, bias, mask[None, None], scale=scale)

    sides = blocks.back, blocks.ahead
    mixed = jax.vmap(one, in_axes=(1, 1, 1, 0), out_axes=1)(
        beside(query, blocks, 0, 0), beside(key, blocks, *sides), beside(value, blocks, *sides), jnp.asarray(seen)
    )
    return mixed.reshape(batch, -1, *mixed.shape[3:])[:, :tokens]


def beside(x: jax.Array, blocks: Blocks, back: int, ahead: int) -> jax.Array:
    """Blocks of ``x`` ``(B, T, heads, c)`` beside those before and behind: ``(B, count, (back+1+ahead)·size, …)``."""
    batch, tokens = x.shape[:2]
    count, size = blocks.count(tokens), blocks.size
    sides = (back * size, (count + ahead) * size - tokens)
    parts = jnp.pad(x, ((0, 0), sides, (0, 0), (0, 0))).reshape(batch, -1, size, *x.shape[2:])
    return jnp.concatenate([parts[:, first : first + count] for first in range(back + 1 + ahead)], axis=2)
