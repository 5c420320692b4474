"""Module of :class:`netspec.layers.GridAttention`."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from netspec.layers.grid_attention import GridAttention
from netspec.modules.attention import attend
from netspec.modules.base import Numerics, build_layer


class TileAttention(nnx.Module):
    """``(B, H, W, width) -> (B, H, W, width)``; the softmax runs in float32."""

    def __init__(self, layer: GridAttention, numerics: Numerics, rngs: nnx.Rngs) -> None:
        width, self.heads = layer.width, layer.heads
        self.window, self.relative = layer.window, layer.relative
        self.query = numerics.linear(width, width, rngs)
        self.key_value = numerics.linear(width, 2 * width, rngs, maps=2)
        self.out = numerics.linear(width, width, rngs)
        self.reduce = nnx.List([])
        if (factor := layer.reduction) > 1:
            conv = numerics.conv(width, width, factor, rngs, stride=factor, padding="valid")
            self.reduce = nnx.List([conv, numerics.layer_norm(width, rngs)])
        shape = (2 * (layer.relative or 1) - 1, width // layer.heads)
        tables = range(2 if layer.relative else 0)
        made = (numerics.scheme.position_table(rngs.params(), shape, jnp.float32) for _ in tables)
        self.tables = nnx.List(map(nnx.Param, made))

    def __call__(self, x: jax.Array) -> jax.Array:
        """Tile by tile where there are windows."""
        if self.window is None:
            return self.attended(x)
        batch, height, width, channels = x.shape
        side = self.window
        rows, columns = -(-height // side), -(-width // side)
        x = jnp.pad(x, ((0, 0), (0, rows * side - height), (0, columns * side - width), (0, 0)))
        tiles = x.reshape(batch, rows, side, columns, side, channels).swapaxes(2, 3)
        mixed = self.attended(tiles.reshape(-1, side, side, channels))
        whole = mixed.reshape(batch, rows, columns, side, side, channels).swapaxes(2, 3)
        return whole.reshape(batch, rows * side, columns * side, channels)[:, :height, :width]

    def attended(self, x: jax.Array) -> jax.Array:
        """All positions of a grid to all, or to those of the reduced grid."""
        batch, height, width, _ = x.shape
        read = x
        for part in self.reduce:
            read = part(read)
        query = self.query(x).reshape(batch, height * width, self.heads, -1)
        key_value = self.key_value(read).reshape(batch, read.shape[1] * read.shape[2], 2, self.heads, -1)
        bias = self.position_scores(query, height, width) if self.relative else None
        mixed = attend(query, key_value[:, :, 0], key_value[:, :, 1], bias)
        return self.out(mixed.reshape(x.shape))

    def position_scores(self, query: jax.Array, height: int, width: int) -> jax.Array:
        """What each query gives with the rows of both tables for its distance to each key: ``(B, heads, N, N)``."""
        wide = jnp.promote_types(query.dtype, jnp.float32)
        grid = query.astype(wide).reshape(query.shape[0], height, width, self.heads, -1)
        down, across = (
            table[...].astype(wide)[np.arange(side)[:, None] - np.arange(side) + side - 1]
            for table, side in zip(self.tables, (height, width), strict=True)
        )
        by_row = jnp.einsum("bhwnc,hkc->bnhwk", grid, down)
        by_column = jnp.einsum("bhwnc,wkc->bnhwk", grid, across)
        scores = by_row[..., :, None] + by_column[..., None, :]
        return scores.reshape(*scores.shape[:2], height * width, height * width)


@build_layer.register
def _(layer: GridAttention, numerics: Numerics, rngs: nnx.Rngs) -> TileAttention:
    return TileAttention(layer, numerics, rngs)
