"""Softmax attention in pieces, whose sums are joined as if all scores had been in one row. Pure functions.

Source of the joint softmax: Milakov & Gimelshein 2018 (arXiv:1805.02867), eq. 4; Dao et al. 2022 (arXiv:2205.14135).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from netspec.layers.patterns import Pattern
from netspec.layers.pieces import Piece
from netspec.modules.windows import beside

#: Stands for the largest score of none: its exponential is zero beside any other, and no difference of it is NaN.
LOWEST = -1e30

#: What is added to scores for a matrix of distances ``(S, P)``: ``(1, heads, S, P)``, or nothing.
BiasOf = Callable[[np.ndarray], jax.Array | None]


class Sums(NamedTuple):
    """Of each query and head, ``(B, T, heads)``: the ``top`` score and the ``total`` of weights relative to it.

    ``mixed`` ``(B, T, heads, d)`` are the values summed with those weights.
    """

    top: jax.Array
    total: jax.Array
    mixed: jax.Array


def sums(
    query: jax.Array, key: jax.Array, value: jax.Array, mask: np.ndarray, bias: jax.Array | None, scale: float | None
) -> Sums:
    """Of groups: ``(B, N, S, heads, c), (B, N, P, pairs, c), (B, N, P, pairs, d)``, ``mask`` ``(N or 1, S, P)``.

    ``bias`` is ``(N or 1, heads, S, P)``. What leaves has ``(B, N, S)`` in place of ``(B, T)``, in float32 or wider.
    """
    wide = jnp.promote_types(query.dtype, jnp.float32)
    pairs, heads = key.shape[3], query.shape[3]
    query = query / math.sqrt(query.shape[-1]) if scale is None else query * scale
    grouped = query.reshape(*query.shape[:3], pairs, heads // pairs, -1)
    scores = jnp.einsum("bnsgrc,bnpgc->bngrsp", grouped, key, preferred_element_type=wide)
    scores = scores.reshape(*scores.shape[:2], heads, *scores.shape[4:])
    if bias is not None:
        scores = scores + bias.astype(wide)
    scores = jnp.where(jnp.asarray(mask)[:, None], scores, -jnp.inf)
    top = jax.lax.stop_gradient(jnp.maximum(scores.max(-1), LOWEST))
    weights = jnp.exp(scores - top[..., None])
    shared = weights.reshape(*weights.shape[:2], pairs, heads // pairs, *weights.shape[3:]).astype(value.dtype)
    mixed = jnp.einsum("bngrsp,bnpgd->bnsgrd", shared, value, preferred_element_type=wide)
    top, total = (jnp.moveaxis(x, 2, 3) for x in (top, weights.sum(-1)))
    return Sums(top, total, mixed.reshape(*mixed.shape[:3], heads, -1))


def joined(parts: Sequence[Sums]) -> jax.Array:
    """The values mixed by one softmax over all pieces; a query must see something in one of them."""
    top = parts[0].top
    for part in parts[1:]:
        top = jnp.maximum(top, part.top)
    factors = [jnp.exp(part.top - top) for part in parts]
    mixed = sum(factor[..., None] * part.mixed for factor, part in zip(factors, parts, strict=True))
    total = sum(factor * part.total for factor, part in zip(factors, parts, strict=True))
    return mixed / total[..., None]


def attend_in_pieces(
    query: jax.Array,
    key: jax.Array,
    value: jax.Array,
    pattern: Pattern,
    pieces: Sequence[Piece],
    bias_of: BiasOf,
    scale: float | None = None,
    *,
    is_causal: bool,
) -> jax.Array:
    """``(B, T, heads, c), (B, T, pairs, c), (B, T, pairs, d) -> (B, T, heads, d)``, equal to the masked square."""
    tokens, found = query.shape[1], []
    for piece in pieces:
        groups = arranged(piece, pattern, query, key, value, is_causal)
        seen = (groups.found >= 0) & (groups.found < tokens)
        if piece.kind != "drawn":  # what is drawn is seen
            seen = seen & pattern.sees(groups.asked, groups.found)
            seen = seen & pattern.owns(piece.kind, groups.asked, groups.found)
        if is_causal:
            seen = seen & (groups.found <= groups.asked)
        bias = _bias(piece, groups.found - groups.asked, bias_of)
        found.append(groups.back(sums(groups.query, groups.key, groups.value, seen, bias, scale)))
    return joined(found).astype(value.dtype)


class Groups(NamedTuple):
    """A piece as :func:`sums` takes it, the positions ``asked`` ``(N, S, 1)`` and ``found`` ``(N or 1, 1, P)``.

    ``back`` brings what leaves to ``(B, T, …)``.
    """

    query: jax.Array
    key: jax.Array
    value: jax.Array
    asked: np.ndarray
    found: np.ndarray
    back: Callable[[Sums], Sums]


def arranged(piece: Piece, pattern: Any, query: jax.Array, key: jax.Array, value: jax.Array, is_causal: bool) -> Groups:
    """Queries, keys and values ``(B, T, …)`` in the groups of a piece."""
    tokens = query.shape[1]
    at = np.arange(tokens)
    if piece.kind == "near":
        blocks = piece.blocks
        assert blocks is not None
        start = blocks.size * np.arange(piece.groups)[:, None, None]
        asked = start + np.arange(blocks.size)[:, None]
        found = start + np.arange(blocks.span) - blocks.back * blocks.size
        keys, values = (beside(x, blocks, blocks.back, blocks.ahead) for x in (key, value))
        return Groups(beside(query, blocks, 0, 0), keys, values, asked, found, _each(lambda x: _flat(x)[:, :tokens]))
    if piece.kind == "apart":
        asked = np.arange(piece.step)[:, None] + piece.step * np.arange(piece.queries)
        query, key, value = (_apart(x, piece) for x in (query, key, value))
        back = _each(lambda x: _flat(jnp.swapaxes(x, 1, 2))[:, :tokens])
        return Groups(query, key, value, asked[:, :, None], asked[:, None], back)
    if piece.kind == "first":
        key, value = (x[:, None, : piece.keys] for x in (key, value))
        return Groups(query[:, None], key, value, at[None, :, None], at[None, None, : piece.keys], _each(_flat))
    if piece.kind == "of_first":
        few = at[None, : piece.queries, None]
        return Groups(
            query[:, None, : piece.queries], key[:, None], value[:, None], few, at[None, None], _filled(tokens)
        )
    drawn = pattern.drawn(tokens, is_causal)
    key, value = (x[:, drawn.clip(0)] for x in (key, value))
    return Groups(query[:, :, None], key, value, at[:, None, None], drawn[:, None], _each(_flat))


def _each(change: Callable[[jax.Array], jax.Array]) -> Callable[[Sums], Sums]:
    return lambda found: Sums(*map(change, found))


def _flat(x: jax.Array) -> jax.Array:
    """``(B, N, S, …) -> (B, N·S, …)``."""
    return x.reshape(x.shape[0], -1, *x.shape[3:])


def _apart(x: jax.Array, piece: Piece) -> jax.Array:
    """``(B, T, …) -> (B, step, T/step, …)``, filled up: token ``t`` in group ``t mod step``."""
    more = piece.step * piece.queries - x.shape[1]
    filled = jnp.pad(x, ((0, 0), (0, more), (0, 0), (0, 0)))
    return jnp.swapaxes(filled.reshape(x.shape[0], piece.queries, piece.step, *x.shape[2:]), 1, 2)


def _filled(tokens: int) -> Callable[[Sums], Sums]:
    """The sums of the first tokens, and of the others those of nothing."""

    def back(found: Sums) -> Sums:
        def fill(x: jax.Array, value: float) -> jax.Array:
            x = _flat(x)
            sides = [(0, 0), (0, tokens - x.shape[1]), *[(0, 0)] * (x.ndim - 2)]
            return jnp.pad(x, sides, constant_values=value)

        return Sums(fill(found.top, LOWEST), fill(found.total, 0.0), fill(found.mixed, 0.0))

    return back


def _bias(piece: Piece, distance: np.ndarray, bias_of: BiasOf) -> jax.Array | None:
    """What is added to the scores of a piece. All groups have the same distances, but where each query has its own."""
    if piece.kind != "drawn":
        return bias_of(distance[0])
    bias = bias_of(distance[:, 0])
    return None if bias is None else jnp.moveaxis(bias[0], 1, 0)[:, :, None]
