"""Self-attention of :class:`netspec.layers.Attention`, over a sequence at once or token by token."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from netspec.layers.attention import Attention
from netspec.layers.transformer_encoder import TransformerEncoder
from netspec.modules.attention import attend
from netspec.modules.base import Numerics
from netspec.modules.positions import score_bias, turned
from netspec.modules.windows import attend_in_blocks, in_reach


class Cache(NamedTuple):
    """Keys and values of the tokens so far, ``(B, T, kv_heads, head_width)``; those to come may hold anything."""

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
) -> jax.Array:
    """``(B, T, heads, c), (B, T, kv_heads, c), (B, T, kv_heads, d) -> (B, T, heads, d)``: a sequence with itself.

    ``table`` is that of relative positions, ``(buckets, heads)``; ``seen`` says which tokens are no padding, ``(B,
    T)``. A window narrow enough is computed in blocks.
    """
    tokens, heads = query.shape[1:3]
    places = np.arange(tokens)
    query, key = (turned(parts, x, places) for x in (query, key))
    wide = jnp.promote_types(query.dtype, jnp.float32)
    scale = None if parts.scaled else 1.0

    def bias_of(distance: np.ndarray) -> jax.Array | None:
        return score_bias(parts, heads, distance, table, wide, bidirectional=not is_causal)

    reach = parts.reach(is_causal)
    if blocks := parts.blocks(tokens, is_causal):
        return attend_in_blocks(query, key, value, blocks, reach, bias_of, scale)
    distance = places - places[:, None]
    if parts.window is None:
        mask = None if seen is None else seen[:, None, None]
        return attend(query, key, value, bias_of(distance), mask, is_causal=is_causal, scale=scale)
    return attend(query, key, value, bias_of(distance), jnp.asarray(in_reach(distance, reach))[None, None], scale=scale)


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

    def __init__(self, layer: TransformerEncoder, numerics: Numerics, rngs: nnx.Rngs) -> None:
        self.parts, self.heads, self.causal = layer.attention, layer.heads, layer.causal
        maps = self.parts.maps(layer.width, layer.heads)
        whole = self.parts.bias and self.parts.key_bias
        self.qkv = numerics.linear(layer.width, sum(maps), rngs, maps=maps, bias=whole)
        self.biases = without_keys(self.parts, maps, numerics, rngs)
        self.out = numerics.linear(maps[0], layer.width, rngs, bias=self.parts.biased_out)

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
        self, x: jax.Array, cache: Cache, position: jax.Array, table: jax.Array | None = None
    ) -> tuple[jax.Array, Cache]:
        """One token ``(B, 1, width)`` at ``position`` that attends to itself and to those before it in ``cache``.

        Keys are kept as they enter the product, rotated where positions are.
        """
        batch, parts = x.shape[0], self.parts
        query, key, value = self.projected(x)
        query, key = (turned(parts, x, position[None]) for x in (query, key))
        kept: list[Any] = [
            jax.lax.dynamic_update_slice_in_dim(old, new, position, 1)
            for old, new in zip(cache, (key, value), strict=True)
        ]
        cache = Cache(*kept)
        distance = jnp.arange(cache.keys.shape[1])[None] - position
        wide = jnp.promote_types(query.dtype, jnp.float32)
        bias = score_bias(parts, self.heads, distance, table, wide, bidirectional=False)
        seen = in_reach(distance, parts.reach(causal=True))[None, None]
        mixed = attend(query, cache.keys, cache.values, bias, seen, scale=None if parts.scaled else 1.0)
        return self.out(mixed.reshape(batch, 1, -1)), cache

    def empty(self, batch: int, tokens: int) -> Cache:
        """Room for the keys and values of as many tokens."""
        width = self.out.kernel.shape[0] // self.heads
        nothing = jnp.zeros((batch, tokens, self.pairs, width), self.qkv.dtype)
        return Cache(nothing, nothing)
