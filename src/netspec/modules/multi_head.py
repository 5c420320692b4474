"""Modules of the layers of :mod:`netspec.layers.multi_head`."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx

from netspec.layers.multi_head import DotProducts, MultiHeadAttention
from netspec.modules.attention import attend
from netspec.modules.base import Numerics, build_layer


class AttentionTo(nnx.Module):
    """``(B, …, width), (B, …, memory_width), … -> (B, …, out_width)``; see the layer."""

    def __init__(self, layer: MultiHeadAttention, numerics: Numerics, rngs: nnx.Rngs) -> None:
        self.layer, inner = layer, layer.inside
        self.query = numerics.linear(layer.width, inner, rngs)
        self.key = numerics.linear(layer.read_width, inner, rngs)
        self.value = numerics.linear(layer.read_width, inner, rngs)
        self.out = numerics.linear(inner, layer.leaving, rngs)

    def __call__(self, x: jax.Array, *read: jax.Array) -> jax.Array:
        """All tokens of grids in a row."""
        rest = [flat(tensor) for tensor in read]
        queries = flat(x)
        memory = rest.pop(0) if self.layer.memory else queries
        asking = queries + rest.pop(0) if self.layer.query_positions else queries
        keyed = memory + rest.pop(0) if self.layer.key_positions else memory
        parts = (self.query(asking), self.key(keyed), self.value(memory))
        query, key, value = (part.reshape(*part.shape[:2], self.layer.heads, -1) for part in parts)
        mixed = self.out(attend(query, key, value, is_causal=self.layer.causal).reshape(*queries.shape[:2], -1))
        return mixed.reshape(*x.shape[:-1], mixed.shape[-1])


def flat(x: jax.Array) -> jax.Array:
    """``(B, …, C) -> (B, N, C)``."""
    return x.reshape(x.shape[0], -1, x.shape[-1])


class Products(nnx.Module):
    """``(B, …, C), (B, N, C) -> (B, …, N)``."""

    def __call__(self, x: jax.Array, vectors: jax.Array) -> jax.Array:
        """In the type that arrives."""
        return jnp.einsum("b...c,bnc->b...n", x, vectors)


@build_layer.register
def _(layer: MultiHeadAttention, numerics: Numerics, rngs: nnx.Rngs) -> AttentionTo:
    return AttentionTo(layer, numerics, rngs)


@build_layer.register
def _(layer: DotProducts, numerics: Numerics, rngs: nnx.Rngs) -> Products:
    return Products()
