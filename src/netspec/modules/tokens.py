"""Modules of the layers of :mod:`netspec.layers.tokens`."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from netspec.layers.tokens import (
    AddPositions,
    CumulativeSum,
    DropTokens,
    JoinTokens,
    NewTokens,
    PrependTokens,
    ReplaceMarked,
    SwapAxes,
    Unread,
)
from netspec.modules.base import Numerics, build_layer
from netspec.modules.dtypes import at_least_float32


class Prepended(nnx.Module):
    """``(B, N, width) -> (B, n + N, width)``."""

    def __init__(self, layer: PrependTokens, numerics: Numerics, rngs: nnx.Rngs) -> None:
        shape = (layer.n_tokens, layer.width)
        self.tokens = nnx.Param(numerics.scheme.position_table(rngs.params(), shape, jnp.float32))

    def __call__(self, x: jax.Array) -> jax.Array:
        """The learned tokens, then those that arrive."""
        tokens = jnp.broadcast_to(self.tokens[...].astype(x.dtype), (x.shape[0], *self.tokens.shape))
        return jnp.concatenate([tokens, x], axis=1)


class Positioned(nnx.Module):
    """``(B, N, width) -> (B, N, width)`` in float32."""

    def __init__(self, layer: AddPositions, numerics: Numerics, rngs: nnx.Rngs) -> None:
        self.first, self.dtype = layer.first_position, numerics.wide_dtype
        shape = (layer.max_tokens, layer.width)
        learned = layer.kind == "learned"
        made = [numerics.scheme.position_table(rngs.params(), shape, jnp.float32)] if learned else []
        self.table = nnx.List(map(nnx.Param, made))

    def __call__(self, x: jax.Array) -> jax.Array:
        """The first rows of the table that tokens have, added."""
        tokens, width = x.shape[1:]
        rows = slice(self.first, self.first + tokens)
        table = self.table[0][rows] if self.table else sinusoids(self.first + tokens, width)[rows]
        return x + jnp.asarray(table, self.dtype)


def sinusoids(tokens: int, width: int) -> np.ndarray:
    """The table ``(tokens, width)``: sines of geometrically spaced wavelengths from 2π to 20,000π, then their
    cosines.
    """
    half = width // 2
    rates = np.exp(-np.log(10_000.0) / max(half - 1, 1) * np.arange(half))
    angles = np.arange(tokens)[:, None] * rates
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1)


class Summed(nnx.Module):
    """``(B, N, width) -> (B, N, width)`` in float32."""

    def __call__(self, x: jax.Array) -> jax.Array:
        """Sums along the tokens."""
        return jnp.cumsum(at_least_float32(x), axis=1)


class Swapped(nnx.Module):
    """``(B, N, width) -> (B, width, N)``."""

    def __call__(self, x: jax.Array) -> jax.Array:
        """The transposed matrices."""
        return jnp.swapaxes(x, 1, 2)


class Kept(nnx.Module):
    """What arrives, beside parameters that nothing reads; they start at zero."""

    def __init__(self, layer: Unread) -> None:
        self.unread = nnx.Param(jnp.zeros(layer.sides, jnp.float32))

    def __call__(self, x: jax.Array) -> jax.Array:
        """As it is."""
        return x


class Begun(nnx.Module):
    """``any -> (B, n, width)``."""

    def __init__(self, layer: NewTokens, numerics: Numerics, rngs: nnx.Rngs) -> None:
        self.shape, self.dtype = (layer.n_tokens, layer.width), numerics.wide_dtype
        made = [numerics.scheme.position_table(rngs.params(), self.shape, jnp.float32)] if layer.learned else []
        self.tokens = nnx.List(map(nnx.Param, made))

    def __call__(self, x: jax.Array) -> jax.Array:
        """The same tokens for each of the batch."""
        tokens = self.tokens[0][...] if self.tokens else jnp.zeros(self.shape)
        return jnp.broadcast_to(tokens.astype(self.dtype), (x.shape[0], *self.shape))


class Shortened(nnx.Module):
    """``(B, n + N, width) -> (B, N, width)``."""

    def __init__(self, layer: DropTokens) -> None:
        self.first = layer.n_tokens

    def __call__(self, x: jax.Array) -> jax.Array:
        """What is behind the first tokens."""
        return x[:, self.first :]


class Preceded(nnx.Module):
    """``(B, N, width), (B, M, width) -> (B, M + N, width)``."""

    def __call__(self, x: jax.Array, saved: jax.Array) -> jax.Array:
        """Those that were saved come first."""
        return jnp.concatenate([saved, x], axis=1)


class Replaced(nnx.Module):
    """``(B, N, width), (B, N), (B, M, width) -> (B, N, width)``."""

    def __init__(self, layer: ReplaceMarked) -> None:
        self.mark = layer.mark

    def __call__(self, x: jax.Array, indices: jax.Array, tokens: jax.Array) -> jax.Array:
        """The first token where the first mark is, and so on."""
        marked = indices == self.mark
        place = jnp.clip(jnp.cumsum(marked, axis=1) - 1, 0, tokens.shape[1] - 1)
        moved = jnp.take_along_axis(tokens, place[..., None], axis=1)
        return jnp.where(marked[..., None], moved, x)


@build_layer.register
def _(layer: PrependTokens, numerics: Numerics, rngs: nnx.Rngs) -> Prepended:
    return Prepended(layer, numerics, rngs)


@build_layer.register
def _(layer: AddPositions, numerics: Numerics, rngs: nnx.Rngs) -> Positioned:
    return Positioned(layer, numerics, rngs)


@build_layer.register
def _(layer: SwapAxes, numerics: Numerics, rngs: nnx.Rngs) -> Swapped:
    return Swapped()


@build_layer.register
def _(layer: Unread, numerics: Numerics, rngs: nnx.Rngs) -> Kept:
    return Kept(layer)


@build_layer.register
def _(layer: DropTokens, numerics: Numerics, rngs: nnx.Rngs) -> Shortened:
    return Shortened(layer)


@build_layer.register
def _(layer: JoinTokens, numerics: Numerics, rngs: nnx.Rngs) -> Preceded:
    return Preceded()


@build_layer.register
def _(layer: NewTokens, numerics: Numerics, rngs: nnx.Rngs) -> Begun:
    return Begun(layer, numerics, rngs)


@build_layer.register
def _(layer: ReplaceMarked, numerics: Numerics, rngs: nnx.Rngs) -> Replaced:
    return Replaced(layer)


@build_layer.register
def _(layer: CumulativeSum, numerics: Numerics, rngs: nnx.Rngs) -> Summed:
    return Summed()
