"""Module of :class:`netspec.layers.TransformerEncoder`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx

from netspec.layers.swin import SwinStage
from netspec.layers.transformer_encoder import TransformerEncoder
from netspec.modules.activation import FUNCTIONS
from netspec.modules.attention import attend
from netspec.modules.base import Numerics, build_layer
from netspec.modules.cpu.sums_once import two_paths


class Cache(NamedTuple):
    """Keys and values of the tokens so far, ``(B, T, heads, width / heads)``; those to come may hold anything."""

    keys: jax.Array
    values: jax.Array


class SelfAttention(nnx.Module):
    """Multi-head self-attention ``(B, N, width) -> (B, N, width)`` with biases on all four projections.

    q, k and v share one kernel of shape ``(width, 3·width)``: one matrix product instead of three, the same
    parameters, and the initial distribution of three maps.
    """

    def __init__(self, layer: TransformerEncoder, numerics: Numerics, rngs: nnx.Rngs) -> None:
        width = layer.width
        self.heads = layer.heads
        self.causal = layer.causal
        self.qkv = numerics.linear(width, 3 * width, rngs, maps=3)
        self.out = numerics.linear(width, width, rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        """Scaled dot-product attention over all tokens, or those so far; the softmax runs in float32."""
        batch, tokens, width = x.shape
        qkv = self.qkv(x).reshape(batch, tokens, 3, self.heads, width // self.heads)
        mixed = attend(qkv[:, :, 0], qkv[:, :, 1], qkv[:, :, 2], is_causal=self.causal)
        return self.out(mixed.reshape(batch, tokens, width))

    def step(self, x: jax.Array, cache: Cache, position: jax.Array) -> tuple[jax.Array, Cache]:
        """One token ``(B, 1, width)`` at ``position`` that attends to itself and to those before it in ``cache``."""
        batch, _, width = x.shape
        query, *new = self.qkv(x).reshape(batch, 1, 3, self.heads, width // self.heads).swapaxes(1, 2).swapaxes(0, 1)
        cache = Cache(
            *(jax.lax.dynamic_update_slice_in_dim(o, n, position, 1) for o, n in zip(cache, new, strict=True))
        )
        seen = jnp.arange(cache.keys.shape[1]) <= position
        mixed = attend(query, cache.keys, cache.values, mask=seen)
        return self.out(mixed.reshape(batch, 1, width)), cache


class EncoderBlock(nnx.Module):
    """Pre-norm block: what ``attention`` makes, and an MLP, each with a residual kept in float32.

    ``(B, …, width) -> (B, …, width)``, with the widths of ``layer``; GELU in its tanh form, as in the book. Source:
    Dosovitskiy et al. 2020 (arXiv:2010.11929), eqs. 2 and 3; Liu et al. 2021 (arXiv:2103.14030), eq. 3, for windows.
    """

    def __init__(
        self,
        layer: TransformerEncoder | SwinStage,
        attention: Callable[[], nnx.Module],
        numerics: Numerics,
        rngs: nnx.Rngs,
        activation: str = "gelu",
    ) -> None:
        self.activation = activation
        self.norm1 = numerics.layer_norm(layer.width, rngs)
        self.attention = attention()
        self.norm2 = numerics.layer_norm(layer.width, rngs)
        self.fc1 = numerics.linear(layer.width, layer.mlp_width, rngs)
        self.fc2 = numerics.linear(layer.mlp_width, layer.width, rngs)
        self.ends = nnx.List([nnx.Sequential(*numerics.branch_end(rngs)) for _ in range(2)])

    def __call__(self, x: jax.Array) -> jax.Array:
        """Attention, then the MLP."""
        x, branch = two_paths(x)
        x, branch = two_paths(x + self.ends[0](self.attention(self.norm1(branch))))
        return x + self.ends[1](self.fc2(FUNCTIONS[self.activation](self.fc1(self.norm2(branch)))))

    def step(self, x: jax.Array, cache: Cache, position: jax.Array) -> tuple[jax.Array, Cache]:
        """The block for one token ``(B, 1, width)``; see :meth:`SelfAttention.step`."""
        mixed, cache = self.attention.step(self.norm1(x), cache, position)
        x = x + self.ends[0](mixed)
        return x + self.ends[1](self.fc2(FUNCTIONS[self.activation](self.fc1(self.norm2(x))))), cache


class Encoder(nnx.Module):
    """The blocks, the final LayerNorm, and the readout."""

    def __init__(self, layer: TransformerEncoder, numerics: Numerics, rngs: nnx.Rngs) -> None:
        attention = partial(SelfAttention, layer, numerics, rngs)
        self.blocks = nnx.List([EncoderBlock(layer, attention, numerics, rngs) for _ in range(layer.n_blocks)])
        self.norm = numerics.layer_norm(layer.width, rngs)
        self.readout = layer.readout

    def __call__(self, x: jax.Array) -> jax.Array:
        """``(B, …, width)`` to the same shape, or to ``(B, width)`` when one token is read out."""
        shape = x.shape
        x = x.reshape(shape[0], -1, shape[-1])
        for block in self.blocks:
            x = block(x)
        if self.readout == "all":
            return self.norm(x).reshape(shape)
        # LayerNorm acts per token, so reading one token first gives the same values for less work.
        return self.norm(x[:, 0] if self.readout == "class_token" else x[:, -1])

    def step(self, x: jax.Array, caches: tuple[Cache, ...], position: jax.Array) -> tuple[jax.Array, tuple[Cache, ...]]:
        """One token ``(B, 1, width)`` of a causal encoder that reads out all, and what it leaves for those to come."""
        left = []
        for block, cache in zip(self.blocks, caches, strict=True):
            x, cache = block.step(x, cache, position)
            left.append(cache)
        return self.norm(x), tuple(left)

    def caches(self, batch: int, tokens: int) -> tuple[Cache, ...]:
        """Room for the keys and values of as many tokens in every block."""
        attention = self.blocks[0].attention
        width = attention.out.kernel.shape[0] // attention.heads
        empty = jnp.zeros((batch, tokens, attention.heads, width), attention.qkv.dtype)
        return (Cache(empty, empty),) * len(self.blocks)


@build_layer.register
def _(layer: TransformerEncoder, numerics: Numerics, rngs: nnx.Rngs) -> Encoder:
    return Encoder(layer, numerics, rngs)
