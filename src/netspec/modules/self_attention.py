"""Self-attention of :class:`netspec.layers.Attention`, over a sequence at once or token by token."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from netspec.layers.attention import Attention
from netspec.layers.patterns import FULL, BigBird
from netspec.layers.transformer_decoder import TransformerDecoder
from netspec.layers.transformer_encoder import TransformerEncoder
from netspec.modules.attention import attend
from netspec.modules.base import Numerics
from netspec.modules.pieces import attend_in_pieces
from netspec.modules.positions import score_bias, turned
from netspec.modules.states import mix_by_state, no_state, step_by_state
from netspec.modules.windows import attend_in_blocks


class Cache(NamedTuple):
    """Keys and values of the tokens so far, ``(B, T, kv_heads, head_width)``; those to come may hold anything.

    Of a window there are as many as it is wide: token ``t`` is in row ``t mod rows``.
    """

    keys: jax.Array
    values: jax.Array


def mix(
    parts: Attention,
    query: jax.Array,
    key: jax.Array,
    value: jax.Array,
    table: jax.Array | None = None,
    *,
    is_causal: bool,
    seen: jax.Array | None = None,
    is_turned: bool = False,
) -> jax.Array:
    """``(B, T, heads, c), (B, T, kv_heads, c), (B, T, kv_heads, d) -> (B, T, heads, d)``: a sequence with itself.

    ``table`` is that of relative positions, ``(buckets, heads)``; ``seen`` says which tokens are no padding, ``(B,
    T)``. A pattern narrow enough is computed in pieces. Positions that turn queries and keys have done so already if it
    ``is_turned``.
    """
    if parts.kernel != "softmax":
        return mix_by_state(parts, query, key, value, is_causal=is_causal)
    tokens, heads = query.shape[1:3]
    places = np.arange(tokens)
    if not is_turned:
        query, key = (turned(parts, x, places) for x in (query, key))
    wide = jnp.promote_types(query.dtype, jnp.float32)
    scale = None if parts.scaled else 1.0

    def bias_of(distance: np.ndarray) -> jax.Array | None:
        return score_bias(parts, heads, distance, table, wide, bidirectional=not is_causal)

    distance = places - places[:, None]
    if parts.sees == FULL:
        mask = None if seen is None else seen[:, None, None]
        return attend(query, key, value, bias_of(distance), mask, is_causal=is_causal, scale=scale)
    pieces = parts.pieces(tokens, is_causal)
    if pieces and parts.window is not None:
        (piece,) = pieces
        assert piece.blocks is not None
        return attend_in_blocks(query, key, value, piece.blocks, parts.reach(is_causal), bias_of, scale)
    if pieces:
        return attend_in_pieces(query, key, value, parts.pattern, pieces, bias_of, scale, is_causal=is_causal)
    mask = jnp.asarray(square(parts, tokens, is_causal))[None, None]
    return attend(query, key, value, bias_of(distance), mask, scale=scale)


def square(parts: Attention, tokens: int, is_causal: bool) -> np.ndarray:
    """Which tokens each sees, ``(tokens, tokens)`` booleans."""
    at = np.arange(tokens)
    seen = np.broadcast_to(parts.sees.sees(at[:, None], at), (tokens, tokens))
    if isinstance(parts.pattern, BigBird):
        seen = seen | (parts.pattern.drawn(tokens, is_causal)[:, :, None] == at).any(1)
    return seen & (at <= at[:, None]) if is_causal else seen


def kept_places(slots: int, position: jax.Array) -> jax.Array:
    """Which token is in each row of a cache when that at ``position`` has come, ``(slots,)``; negative for none."""
    return position - (position - jnp.arange(slots)) % slots


def put(cache: tuple[jax.Array, ...], token: tuple[jax.Array, ...], position: jax.Array) -> list[Any]:
    """Each tensor of a cache ``(B, slots, …)`` with what is kept of one token ``(B, 1, …)``."""
    return [
        jax.lax.dynamic_update_slice_in_dim(old, new.astype(old.dtype), position % old.shape[1], 1)
        for old, new in zip(cache, token, strict=True)
    ]


def score_bias_at(
    parts: Attention, heads: int, places: jax.Array, position: jax.Array, table: jax.Array | None, dtype: Any
) -> tuple[jax.Array | None, jax.Array]:
    """What is added to the scores of the token at ``position`` with those at ``places``, and which of them it sees.

    Both are as :func:`netspec.modules.attention.attend` takes them.
    """
    bias = score_bias(parts, heads, places[None] - position, table, dtype, bidirectional=False)
    seen = parts.sees.sees(position, places)
    if isinstance(parts.pattern, BigBird):
        drawn = jnp.asarray(parts.pattern.drawn(len(places), causal=True))[position]
        seen = seen | (drawn[:, None] == places).any(0)
    return bias, (seen & (places >= 0) & (places <= position))[None, None, None]


class BiasWithoutKeys(nnx.Module):
    """The bias of maps side by side of which one, that of the keys, has none: ``before`` it and behind it."""

    def __init__(self, before: int, keys: int, behind: int, numerics: Numerics, rngs: nnx.Rngs) -> None:
        self.before, self.keys = before, keys
        self.bias = nnx.Param(numerics.scheme.bias(rngs.params(), (before + behind,), jnp.float32))

    def __call__(self, dtype: Any) -> jax.Array:
        """The bias of all, with zeros for the keys."""
        apart = jnp.split(self.bias[...].astype(dtype), [self.before])
        return jnp.concatenate([apart[0], jnp.zeros(self.keys, dtype), apart[1]])


def without_keys(parts: Attention, maps: tuple[int, int, int], numerics: Numerics, rngs: nnx.Rngs) -> nnx.List:
    """That bias, where ``parts`` have it."""
    made = [BiasWithoutKeys(*maps, numerics, rngs)] if parts.bias and not parts.key_bias else []
    return nnx.List(made)


class SelfAttention(nnx.Module):
    """Multi-head self-attention ``(B, N, width) -> (B, N, width)``.

    q, k and v share one kernel, their maps side by side: one matrix product instead of three, the same parameters, and
    the initial distribution of three maps.
    """

    def __init__(self, layer: TransformerEncoder | TransformerDecoder, numerics: Numerics, rngs: nnx.Rngs) -> None:
        self.parts, self.heads, self.causal = layer.attention, layer.heads, layer.causal
        self.state_dtype = numerics.wide_dtype
        maps = self.parts.own_maps(layer.width, layer.heads)
        whole = self.parts.bias and self.parts.key_bias
        self.qkv = numerics.linear(layer.width, sum(maps), rngs, maps=maps, bias=whole)
        self.biases = without_keys(self.parts, maps, numerics, rngs)
        mixed = self.parts.maps(layer.width, layer.heads)[0]
        self.out = numerics.linear(mixed, layer.width, rngs, bias=self.parts.biased_out)

    @property
    def pairs(self) -> int:
        """Pairs of keys and values."""
        return self.parts.pairs_of(self.heads)

    def projected(self, x: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        """Queries, keys and values of ``(B, N, width)``, each ``(B, N, heads, head_width)``."""
        batch, tokens, _ = x.shape
        joined = self.qkv(x)
        for bias in self.biases:
            joined = joined + bias(joined.dtype)
        if self.pairs == self.heads:
            each = joined.reshape(batch, tokens, 3, self.heads, -1)
            return each[:, :, 0], each[:, :, 1], each[:, :, 2]
        each = joined.reshape(batch, tokens, self.heads + 2 * self.pairs, -1)
        keys = self.heads + self.pairs
        return each[:, :, : self.heads], each[:, :, self.heads : keys], each[:, :, keys:]

    def __call__(self, x: jax.Array, table: jax.Array | None = None, seen: jax.Array | None = None) -> jax.Array:
        """Attention over all tokens that each sees; the softmax runs in float32."""
        batch, tokens, _ = x.shape
        mixed = mix(self.parts, *self.projected(x), table, is_causal=self.causal, seen=seen)
        return self.out(mixed.reshape(batch, tokens, -1))

    def step(
        self, x: jax.Array, cache: Any, position: jax.Array, table: jax.Array | None = None
    ) -> tuple[jax.Array, Any]:
        """One token ``(B, 1, width)`` at ``position`` that attends to itself and to those before it in ``cache``.

        Keys are kept as they enter the product, rotated where positions are.
        """
        batch, parts = x.shape[0], self.parts
        query, key, value = self.projected(x)
        if parts.kernel != "softmax":
            mixed, cache = step_by_state(parts, query, key, value, cache, position)
            return self.out(mixed.reshape(batch, 1, -1)), cache
        query, key = (turned(parts, x, position[None]) for x in (query, key))
        cache = Cache(*put(cache, (key, value), position))
        wide = jnp.promote_types(query.dtype, jnp.float32)
        places = kept_places(cache.keys.shape[1], position)
        bias, seen = score_bias_at(parts, self.heads, places, position, table, wide)
        mixed = attend(query, cache.keys, cache.values, bias, seen, scale=None if parts.scaled else 1.0)
        return self.out(mixed.reshape(batch, 1, -1)), cache

    def empty(self, batch: int, tokens: int) -> Any:
        """Room for the keys and values of as many tokens that are seen, or the state of none."""
        width = self.out.kernel.shape[0] // self.heads
        if self.parts.kernel != "softmax":
            return no_state(self.parts, batch, self.pairs, width, self.state_dtype)
        nothing = jnp.zeros((batch, self.parts.slots(tokens), self.pairs, width), self.qkv.dtype)
        return Cache(nothing, nothing)
