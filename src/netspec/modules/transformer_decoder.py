"""Module of :class:`netspec.layers.TransformerDecoder`."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx

from netspec.layers.transformer_decoder import TransformerDecoder
from netspec.modules.attention import attend
from netspec.modules.base import Numerics, build_layer
from netspec.modules.cpu.sums_once import two_paths


class Attention(nnx.Module):
    """Multi-head attention to a memory: ``(B, N, width), (B, M, memory_width) -> (B, N, width)``.

    Biases on all four projections; keys and values share one kernel ``(memory_width, 2·width)``.
    Source: Vaswani et al. 2017 (arXiv:1706.03762), sec. 3.2.
    """

    def __init__(self, width: int, memory_width: int, heads: int, numerics: Numerics, rngs: nnx.Rngs) -> None:
        self.heads = heads
        self.query = numerics.linear(width, width, rngs)
        self.key_value = numerics.linear(memory_width, 2 * width, rngs)
        self.out = numerics.linear(width, width, rngs)

    def __call__(self, x: jax.Array, memory: jax.Array, *, is_causal: bool = False) -> jax.Array:
        """Scaled dot-product attention; the softmax runs in float32."""
        batch, tokens, width = x.shape
        head = (self.heads, width // self.heads)
        query = self.query(x).reshape(batch, tokens, *head)
        key_value = self.key_value(memory).reshape(batch, memory.shape[1], 2, *head)
        mixed = attend(query, key_value[:, :, 0], key_value[:, :, 1], is_causal=is_causal)
        return self.out(mixed.reshape(batch, tokens, width))


class DecoderBlock(nnx.Module):
    """Pre-norm block: self-attention, cross-attention and MLP, each with a residual kept in float32."""

    def __init__(self, layer: TransformerDecoder, numerics: Numerics, rngs: nnx.Rngs) -> None:
        width, memory_width = layer.width, layer.width if layer.memory_width is None else layer.memory_width
        self.causal = layer.causal
        self.norm1 = numerics.layer_norm(width, rngs)
        self.own = Attention(width, width, layer.heads, numerics, rngs)
        self.norm2 = numerics.layer_norm(width, rngs)
        self.cross = Attention(width, memory_width, layer.heads, numerics, rngs)
        self.norm3 = numerics.layer_norm(width, rngs)
        self.fc1 = numerics.linear(width, layer.mlp_width, rngs)
        self.fc2 = numerics.linear(layer.mlp_width, width, rngs)

    def __call__(self, x: jax.Array, memory: jax.Array) -> jax.Array:
        """``(B, N, width), (B, M, memory_width) -> (B, N, width)``; ReLU, as in both sources of the layer."""
        x, branch = two_paths(x)
        normed = self.norm1(branch)
        x, branch = two_paths(x + self.own(normed, normed, is_causal=self.causal))
        x, branch = two_paths(x + self.cross(self.norm2(branch), memory))
        return x + self.fc2(nnx.relu(self.fc1(self.norm3(branch))))


class Decoder(nnx.Module):
    """The blocks, over learned queries or over what arrives; no final norm.

    The queries start standard normal, as the object queries of DETR (Carion et al. 2020, arXiv:2005.12872) do.
    """

    def __init__(self, layer: TransformerDecoder, numerics: Numerics, rngs: nnx.Rngs) -> None:
        self.learned = layer.n_queries > 0
        if self.learned:
            table = (layer.n_queries, layer.width)
            self.queries = nnx.Param(jax.random.normal(rngs.params(), table, jnp.float32))
        self.blocks = nnx.List([DecoderBlock(layer, numerics, rngs) for _ in range(layer.n_blocks)])

    def __call__(self, x: jax.Array, *read: jax.Array) -> jax.Array:
        """``(B, …, width) -> (B, n_queries, width)``, or with a memory ``(B, …, memory_width)`` the shape of ``x``."""
        if self.learned:
            memory, shape = x, (x.shape[0], *self.queries.shape)
            x = jnp.broadcast_to(self.queries[...], shape)
        else:
            (memory,), shape = read, x.shape
        x, memory = (tokens.reshape(tokens.shape[0], -1, tokens.shape[-1]) for tokens in (x, memory))
        for block in self.blocks:
            x = block(x, memory)
        return x.reshape(shape)


@build_layer.register
def _(layer: TransformerDecoder, numerics: Numerics, rngs: nnx.Rngs) -> Decoder:
    return Decoder(layer, numerics, rngs)
