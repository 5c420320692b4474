"""Attention whose weights are products or decay, so that a state stands for all tokens so far. Pure functions.

Over a sequence all pairs of a chunk are computed, and what chunks before it have left comes as one state; token by
token there is the state alone. Both are equal, and take time linear in the tokens.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from netspec.layers.attention import CHUNK, Attention
from netspec.modules.dtypes import at_least_float32
from netspec.modules.positions import turned


class State(NamedTuple):
    """Products of keys and values summed so far, ``(B, pairs, c, d)``, one for each width of values."""

    sums: tuple[jax.Array, ...]


def features(x: jax.Array) -> jax.Array:
    """``elu(x) + 1``, positive (Katharopoulos et al. 2020, arXiv:2006.16236, eq. 7)."""
    return jax.nn.elu(x) + 1


def decays(pairs: int) -> np.ndarray:
    """``1 − 2^(−5−g)`` for pair ``g`` of keys and values (Sun et al. 2023, arXiv:2307.08621, eq. 8)."""
    return 1 - 2.0 ** (-5 - np.arange(pairs))


def summed(query: jax.Array, key: jax.Array, value: jax.Array, decay: np.ndarray | None, chunk: int) -> jax.Array:
    """``(B, T, heads, c), (B, T, pairs, c), (B, T, pairs, d) -> (B, T, heads, d)``: ``Σ_{s≤t} γ^(t−s) (q_t·k_s) v_s``.

    ``decay`` γ is one of each pair, ``(pairs,)``; without it nothing decays.
    """
    batch, tokens, heads, _ = query.shape
    pairs, count = key.shape[2], -(-tokens // chunk)
    powers = np.ones(pairs) if decay is None else decay

    def parted(x: jax.Array) -> jax.Array:
        filled = jnp.pad(x, ((0, 0), (0, count * chunk - tokens), (0, 0), (0, 0)))
        return filled.reshape(batch, count, chunk, *x.shape[2:])

    query, key, value = parted(query), parted(key), parted(value)
    query = query.reshape(*query.shape[:3], pairs, heads // pairs, -1)
    at = np.arange(chunk)
    distance = at[:, None] - at
    within = np.where(distance >= 0, powers[:, None, None] ** np.maximum(distance, 0), 0.0)
    scores = jnp.einsum("bntgrc,bnsgc->bngrts", query, key) * jnp.asarray(within, query.dtype)[:, None]
    inside = jnp.einsum("bngrts,bnsgd->bntgrd", scores, value)

    left = jnp.asarray(powers ** (chunk - 1 - at)[:, None], key.dtype)[..., None]
    added = jnp.einsum("bnsgc,bnsgd->bngcd", key * left, value)
    whole = jnp.asarray(powers**chunk, key.dtype)[:, None, None]
    states = jax.lax.scan(
        lambda state, more: (whole * state + more, state), jnp.zeros_like(added[:, 0]), jnp.swapaxes(added, 0, 1)
    )[1]
    asked = query * jnp.asarray(powers ** (at + 1)[:, None], query.dtype)[..., None, None]
    before = jnp.einsum("bntgrc,bngcd->bntgrd", asked, jnp.swapaxes(states, 0, 1))
    return (inside + before).reshape(batch, count * chunk, heads, -1)[:, :tokens]


def everywhere(query: jax.Array, key: jax.Array, value: jax.Array) -> jax.Array:
    """The same over all tokens, later ones too, without a decay."""
    state = jnp.einsum("bsgc,bsgd->bgcd", key, value)
    return _read(query, state)


def _read(query: jax.Array, state: jax.Array) -> jax.Array:
    """``(B, T, heads, c), (B, pairs, c, d) -> (B, T, heads, d)``."""
    grouped = query.reshape(*query.shape[:2], state.shape[1], -1, query.shape[-1])
    return jnp.einsum("btgrc,bgcd->btgrd", grouped, state).reshape(*query.shape[:3], -1)


def terms(
    parts: Attention, query: jax.Array, key: jax.Array, value: jax.Array, places: jax.Array | np.ndarray
) -> list[tuple[jax.Array, jax.Array, jax.Array]]:
    """What is summed apart: queries, keys and values in float32 or wider, as ``parts`` have them enter a product.

    Weights are summed as values of one. Where positions turn queries and keys these weights have none of that.
    """
    query, key, value = (at_least_float32(x) for x in (query, key, value))
    if parts.kernel == "retention":
        scale = query.shape[-1] ** -0.5 if parts.scaled else 1.0
        return [(turned(parts, query, places) * scale, turned(parts, key, places), value)]
    query, key = features(query), features(key)
    one = jnp.ones((*value.shape[:-1], 1), value.dtype)
    if parts.positions == "rope":
        return [(turned(parts, query, places), turned(parts, key, places), value), (query, key, one)]
    return [(query, key, jnp.concatenate([value, one], axis=-1))]


def finished(parts: Attention, found: list[jax.Array]) -> jax.Array:
    """``(B, T, heads, d)`` of the sums: divided by the weights, or for retention by the root mean square of a head."""
    if parts.kernel == "retention":
        (mixed,) = found
        return mixed * jax.lax.rsqrt(jnp.square(mixed).mean(-1, keepdims=True) + 1e-6)
    joint = jnp.concatenate(found, axis=-1)
    return joint[..., :-1] / joint[..., -1:]


def mix_by_state(parts: Attention, query: jax.Array, key: jax.Array, value: jax.Array, *, is_causal: bool) -> jax.Array:
    """``(B, T, heads, c), (B, T, pairs, c), (B, T, pairs, d) -> (B, T, heads, d)``: a sequence with itself."""
    tokens = query.shape[1]
    decay = decays(key.shape[2]) if parts.kernel == "retention" else None
    given = terms(parts, query, key, value, np.arange(tokens))
    if is_causal:
        found = [summed(*one, decay, min(CHUNK, tokens)) for one in given]
    else:
        found = [everywhere(*one) for one in given]
    return finished(parts, found).astype(value.dtype)


def step_by_state(
    parts: Attention, query: jax.Array, key: jax.Array, value: jax.Array, state: State, position: jax.Array
) -> tuple[jax.Array, State]:
    """The same for one token, ``(B, 1, …)`` each, and the state with it."""
    pairs = key.shape[2]
    decay = decays(pairs) if parts.kernel == "retention" else np.ones(pairs)
    kept, found = [], []
    given = terms(parts, query, key, value, position[None])
    for (asked, one, other), before in zip(given, state.sums, strict=True):
        kept.append(
            jnp.asarray(decay, before.dtype)[:, None, None] * before + one[:, 0, :, :, None] * other[:, 0, :, None]
        )
        found.append(_read(asked, kept[-1]))
    return finished(parts, found).astype(value.dtype), State(tuple(kept))


def no_state(parts: Attention, batch: int, pairs: int, width: int, dtype: jnp.dtype) -> State:
    """The state before the first token, for heads of that width."""
    return State(tuple(jnp.zeros((batch, pairs, width, values), dtype) for values in parts.sums(width)))
