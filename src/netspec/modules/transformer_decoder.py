"""Module of :class:`netspec.layers.TransformerDecoder`."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from flax import nnx

from netspec.layers.parts import GATED, skip_factor
from netspec.layers.transformer_decoder import TransformerDecoder
from netspec.modules.attention import attend
from netspec.modules.base import Numerics, build_layer
from netspec.modules.self_attention import mix, without_keys
from netspec.modules.self_attentions import self_attention
from netspec.modules.transformer_block import function_of, hidden, residual, scales
from netspec.modules.transformer_encoder import added_positions, position_tables


class Attention(nnx.Module):
    """Multi-head attention to a memory: ``(B, N, width), (B, M, memory_width) -> (B, N, width)``.

    Keys and values share one kernel. Source: Vaswani et al. 2017 (arXiv:1706.03762), sec. 3.2.
    """

    def __init__(self, layer: TransformerDecoder, memory_width: int, numerics: Numerics, rngs: nnx.Rngs) -> None:
        self.parts, self.heads, self.causal = layer.attention, layer.heads, layer.causal
        queries, keys, values = self.parts.maps(layer.width, layer.heads)
        self.query = numerics.linear(layer.width, queries, rngs, bias=self.parts.bias)
        whole = self.parts.bias and self.parts.key_bias
        self.key_value = numerics.linear(memory_width, keys + values, rngs, bias=whole)
        self.biases = without_keys(self.parts, (0, keys, values), numerics, rngs)
        self.out = numerics.linear(queries, layer.width, rngs, bias=self.parts.biased_out)

    def projected(self, x: jax.Array, memory: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        """Queries of ``x``, keys and values of ``memory``, each ``(B, tokens, heads, head_width)``."""
        query = self.query(x).reshape(*x.shape[:2], self.heads, -1)
        pairs = self.parts.pairs_of(self.heads)
        joined = self.key_value(memory)
        for bias in self.biases:
            joined = joined + bias(joined.dtype)
        key_value = joined.reshape(*memory.shape[:2], 2, pairs, -1)
        return query, key_value[:, :, 0], key_value[:, :, 1]

    def __call__(self, x: jax.Array, memory: jax.Array, seen: jax.Array | None = None) -> jax.Array:
        """Attention to the memory, as far as it is ``seen`` ``(B, M)``; the softmax runs in float32."""
        mask = None if seen is None else seen[:, None, None]
        mixed = attend(*self.projected(x, memory), mask=mask, scale=None if self.parts.scaled else 1.0)
        return self.out(mixed.reshape(*x.shape[:2], -1))

    def of_itself(self, x: jax.Array, *tables: jax.Array) -> jax.Array:
        """Attention of ``x`` to itself, as far as its parts let a token see."""
        mixed = mix(self.parts, *self.projected(x, x), *tables, is_causal=self.causal)
        return self.out(mixed.reshape(*x.shape[:2], -1))


class DecoderBlock(nnx.Module):
    """Self-attention, cross-attention and MLP, each with a residual kept in float32."""

    def __init__(self, layer: TransformerDecoder, numerics: Numerics, rngs: nnx.Rngs) -> None:
        width, memory_width = layer.width, layer.width if layer.memory_width is None else layer.memory_width
        self.placement, self.mlp = layer.placement, layer.mlp
        self.skip = skip_factor(layer.residual, 3 * layer.n_blocks)
        self.function = function_of(layer.mlp, layer.gelu, numerics)
        maps = 2 if layer.mlp in GATED else 1
        norm = partial(numerics.norm, layer.norm, width, rngs, layer.norm_epsilon)
        self.norm1 = norm()
        apart = layer.attention.latent is not None or layer.attention.kernel == "wkv"
        self.own = self_attention(layer, numerics, rngs) if apart else Attention(layer, width, numerics, rngs)
        self.norm2 = norm()
        self.cross = Attention(layer, memory_width, numerics, rngs)
        self.norm3 = norm()
        self.fc1 = numerics.linear(width, maps * layer.mlp_width, rngs, maps=maps, bias=layer.mlp_bias)
        self.fc2 = numerics.linear(layer.mlp_width, width, rngs, bias=layer.mlp_bias)
        self.after = nnx.List([norm() for _ in range(3 if layer.placement == "sandwich" else 0)])
        self.ends = nnx.List([nnx.Sequential(*scales(layer), *numerics.branch_end(rngs)) for _ in range(3)])

    def __call__(self, x: jax.Array, memory: jax.Array, *tables: jax.Array, seen: jax.Array | None = None) -> jax.Array:
        """``(B, N, width), (B, M, memory_width) -> (B, N, width)``."""
        own = self.own.of_itself if isinstance(self.own, Attention) else self.own
        branches = (
            (self.norm1, lambda branch: own(branch, *tables)),
            (self.norm2, lambda branch: self.cross(branch, memory, seen)),
            (self.norm3, lambda branch: self.fc2(hidden(self.fc1(branch), self.mlp, self.function))),
        )
        for index, (norm, branch) in enumerate(branches):
            norms = (norm, *self.after[index : index + 1])
            x = residual(self.placement, x, branch, norms, self.ends[index], self.skip)
        return x


class Decoder(nnx.Module):
    """The blocks, over learned queries or over what arrives, and a final norm if the layer has one.

    The queries start standard normal, as the object queries of DETR (Carion et al. 2020, arXiv:2005.12872) do.
    """

    def __init__(self, layer: TransformerDecoder, numerics: Numerics, rngs: nnx.Rngs) -> None:
        self.learned = layer.n_queries > 0
        if self.learned:
            table = (layer.n_queries, layer.width)
            self.queries = nnx.Param(jax.random.normal(rngs.params(), table, jnp.float32))
        self.blocks = nnx.List([DecoderBlock(layer, numerics, rngs) for _ in range(layer.n_blocks)])
        norms = [numerics.norm(layer.norm, layer.width, rngs, layer.norm_epsilon)] if layer.final_norm else []
        self.norm = nnx.Sequential(*norms)
        self.tables = position_tables(layer, numerics, rngs)
        self.added = added_positions(layer, numerics, rngs)

    def __call__(self, x: jax.Array, *read: jax.Array) -> jax.Array:
        """``(B, …, width) -> (B, n_queries, width)``, or with a memory ``(B, …, memory_width)`` the shape of ``x``."""
        if self.learned:
            memory, shape = x, (x.shape[0], *self.queries.shape)
            x = jnp.broadcast_to(self.queries[...], shape)
        else:
            memory, *read_too = read
            read, shape = tuple(read_too), x.shape
        seen = read[0] != 0 if read else None
        x, memory = (tokens.reshape(tokens.shape[0], -1, tokens.shape[-1]) for tokens in (x, memory))
        for added in self.added:
            x = added(x)
        for block in self.blocks:
            x = block(x, memory, *(table[...] for table in self.tables), seen=seen)
        return self.norm(x).reshape(shape)


@build_layer.register
def _(layer: TransformerDecoder, numerics: Numerics, rngs: nnx.Rngs) -> Decoder:
    return Decoder(layer, numerics, rngs)
