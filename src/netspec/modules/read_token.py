"""Modules of :class:`netspec.layers.ReadToken` and :class:`netspec.layers.ReadMarked`."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx

from netspec.layers.read_token import ReadMarked, ReadToken
from netspec.modules.base import Numerics, build_layer


class TokenReader(nnx.Module):
    """``(B, N, width) -> (B, width)``."""

    def __init__(self, place: int) -> None:
        self.place = place

    def __call__(self, x: jax.Array) -> jax.Array:
        """The token at its place."""
        return x[:, self.place]


@build_layer.register
def _(layer: ReadToken, numerics: Numerics, rngs: nnx.Rngs) -> TokenReader:
    return TokenReader(layer.place)


class MarkReader(nnx.Module):
    """``(B, N, width), (B, N) -> (B, width)``."""

    def __init__(self, mark: int | None) -> None:
        self.mark = mark

    def __call__(self, x: jax.Array, indices: jax.Array) -> jax.Array:
        """The token at the mark of each example."""
        place = jnp.argmax(indices if self.mark is None else indices == self.mark, axis=1)
        return jnp.take_along_axis(x, place[:, None, None], axis=1)[:, 0]


@build_layer.register
def _(layer: ReadMarked, numerics: Numerics, rngs: nnx.Rngs) -> MarkReader:
    return MarkReader(layer.mark)
