"""Modules of the layers between token indices and vectors."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx

from netspec.layers.token_embedding import LMHead, OneHotDense, TokenPositionEmbed
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
        self.bias = nnx.Param(scheme.bias(rngs.params(), (layer.width,), jnp.float32))

    def __call__(self, tokens: jax.Array) -> jax.Array:
        """The row of the kernel and the bias, in float32."""
        return self.rows(tokens) + self.bias[...]


class TokenPositionEmbedding(nnx.Module):
    """Token table plus learned positions: ``(B, tokens)`` integers ``-> (B, tokens, width)``.

    Source: Radford et al. 2018 (GPT-1), eq. 2.
    """

    def __init__(self, layer: TokenPositionEmbed, numerics: Numerics, rngs: nnx.Rngs) -> None:
        self.tokens = nnx.Embed(
            layer.vocabulary, layer.width, dtype=numerics.wide_dtype, embedding_init=TABLE, rngs=rngs
        )
        self.learned = layer.learned_positions
        if self.learned:
            table = (layer.max_tokens, layer.width)
            self.positions = nnx.Param(numerics.scheme.position_table(rngs.params(), table, jnp.float32))

    def __call__(self, tokens: jax.Array) -> jax.Array:
        """Rows of the token table, with the first rows of the position table added in float32."""
        x = self.tokens(tokens)
        return x + self.positions[: tokens.shape[1]] if self.learned else x

    def step(self, token: jax.Array, position: jax.Array) -> jax.Array:
        """``(B,)`` tokens at one ``position``, ``(B, 1, width)``."""
        x = self.tokens(token[:, None])
        return x + jax.lax.dynamic_slice_in_dim(self.positions[...], position, 1) if self.learned else x


@build_layer.register
def _(layer: OneHotDense, numerics: Numerics, rngs: nnx.Rngs) -> OneHotMap:
    return OneHotMap(layer, numerics, rngs)


@build_layer.register
def _(layer: TokenPositionEmbed, numerics: Numerics, rngs: nnx.Rngs) -> TokenPositionEmbedding:
    return TokenPositionEmbedding(layer, numerics, rngs)


@build_layer.register
def _(layer: LMHead, numerics: Numerics, rngs: nnx.Rngs) -> nnx.Linear:
    return numerics.linear(layer.width, layer.vocabulary, rngs)
