"""Module of :class:`netspec.layers.ReadToken`."""

from __future__ import annotations

import jax
from flax import nnx

from netspec.layers.read_token import ReadToken
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
