"""Modules of the layers between token indices and vectors."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx

from netspec.layers.token_embedding import LMHead, OneHotDense, SharedEmbed, TokenPositionEmbed
from netspec.modules.base import Numerics, build_layer

#: Token tables start normal with std 0.02 (Radford et al. 2018, GPT-1, sec. 4.1).
TABLE = nnx.initializers.normal(0.02)


class OneHotMap(nnx.Module):
    """A dense map of one-hot rows, as a look-up: ``(B, tokens)`` integers ``-> (B, tokens, width)``."""

    def __init__(self, layer: OneHotDense, numerics: Numerics, rngs: nnx.Rngs) -> None:
        scheme = numerics.scheme
        self.rows = nnx.Embed(
            layer.vocabulary, layer.width, dtype=numerics.wide_dtype, embedding_init=scheme.dense, rngs=rngs
        )
        self.bias = nnx.Param(scheme.bias(rngs.params(), (layer.width,), jnp.float32)) if layer.bias else None

    def __call__(self, tokens: jax.Array) -> jax.Array:
        """The row of the kernel and the bias, in float32."""
        rows = self.rows(tokens)
        return rows if self.bias is None else rows + self.bias[...]


class TokenPositionEmbedding(nnx.Module):
    """Token table plus positions, segments and a norm: ``(B, tokens)`` integers ``-> (B, tokens, width)``.

    Source: Radford et al. 2018 (GPT-1), eq. 2.
    """

    def __init__(self, layer: TokenPositionEmbed, numerics: Numerics, rngs: nnx.Rngs) -> None:
        self.tokens = nnx.Embed(
            layer.vocabulary, layer.width, dtype=numerics.wide_dtype, embedding_init=TABLE, rngs=rngs
        )
        self.learned, self.first, self.shares = layer.learned_positions, layer.first_position, bool(layer.table)
        if self.learned:
            table = (layer.max_tokens, layer.width)
            self.positions = nnx.Param(numerics.scheme.position_table(rngs.params(), table, jnp.float32))
        rows = [TABLE(rngs.params(), (layer.segments, layer.width), jnp.float32)] if layer.segments else []
        self.segments = nnx.List(map(nnx.Param, rows))
        norms = [numerics.layer_norm(layer.width, rngs, layer.norm_epsilon)] if layer.norm else []
        self.norm = nnx.Sequential(*norms)

    @property
    def table(self) -> jax.Array:
        """The token table as others read it: ``(1, vocabulary, width)``."""
        return self.tokens.embedding[...][None]

    def __call__(self, tokens: jax.Array, *segment: jax.Array) -> jax.Array | tuple[jax.Array, jax.Array]:
        """Rows of the token table, with the first rows of the position table added in float32.

        Returns the table, too, where it is shared.
        """
        x = self.tokens(tokens)
        if self.learned:
            x = x + self.positions[self.first : self.first + tokens.shape[1]]
        x = self.completed(x, *segment)
        return (x, self.table) if self.shares else x

    def completed(self, x: jax.Array, *segment: jax.Array) -> jax.Array:
        """The rows of segments added, then the norm."""
        for rows in self.segments:
            x = x + (rows[...][segment[0]] if segment else rows[0])
        return self.norm(x)

    def step(self, token: jax.Array, position: jax.Array) -> jax.Array:
        """``(B,)`` tokens at one ``position``, ``(B, 1, width)``."""
        x = self.tokens(token[:, None])
        if self.learned:
            x = x + jax.lax.dynamic_slice_in_dim(self.positions[...], self.first + position, 1)
        return self.completed(x)


class Lookup(nnx.Module):
    """Rows of a table that another embedding holds: ``(B, tokens), (1, vocabulary, width) -> (B, tokens, width)``."""

    def __init__(self, numerics: Numerics) -> None:
        self.dtype = numerics.wide_dtype

    def __call__(self, tokens: jax.Array, table: jax.Array) -> jax.Array:
        """In float32."""
        return jnp.take(table[0].astype(self.dtype), tokens, axis=0)


class TiedHead(nnx.Module):
    """Products with the rows of a table: ``(B, …, width), (1, vocabulary, width) -> (B, …, vocabulary)``."""

    def __init__(self, layer: LMHead, numerics: Numerics, rngs: nnx.Rngs) -> None:
        self.scale, self.dtype = layer.width**-0.5 if layer.scaled else 1.0, numerics.compute_dtype
        biases = [numerics.scheme.bias(rngs.params(), (layer.vocabulary,), jnp.float32)] if layer.bias else []
        self.bias = nnx.List(map(nnx.Param, biases))

    def __call__(self, x: jax.Array, table: jax.Array) -> jax.Array:
        """In the compute type."""
        x, kernel = (x * self.scale).astype(self.dtype), table[0].astype(self.dtype)
        scores = jax.lax.dot_general(x, kernel, (((x.ndim - 1,), (1,)), ((), ())))
        for bias in self.bias:
            scores = scores + bias[...].astype(self.dtype)
        return scores


@build_layer.register
def _(layer: OneHotDense, numerics: Numerics, rngs: nnx.Rngs) -> OneHotMap:
    return OneHotMap(layer, numerics, rngs)


@build_layer.register
def _(layer: TokenPositionEmbed, numerics: Numerics, rngs: nnx.Rngs) -> TokenPositionEmbedding:
    return TokenPositionEmbedding(layer, numerics, rngs)


@build_layer.register
def _(layer: SharedEmbed, numerics: Numerics, rngs: nnx.Rngs) -> Lookup:
    return Lookup(numerics)


@build_layer.register
def _(layer: LMHead, numerics: Numerics, rngs: nnx.Rngs) -> nnx.Module:
    if layer.table:
        return TiedHead(layer, numerics, rngs)
    return numerics.linear(layer.width, layer.vocabulary, rngs, bias=layer.bias)
