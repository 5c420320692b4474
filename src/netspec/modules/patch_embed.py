"""Module of :class:`netspec.layers.PatchEmbed`."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx

from netspec.layers.patch_embed import PatchEmbed
from netspec.modules.base import Numerics, build_layer
from netspec.modules.dtypes import at_least_float32


class PatchEmbedding(nnx.Module):
    """``(B, H, W, C) -> (B, n_patches + 1, width)``: convolution, class token, position table.

    On a grid, ``(B, H, W, C) -> (B, H/patch, W/patch, width)`` without a class token.
    """

    def __init__(self, layer: PatchEmbed, numerics: Numerics, rngs: nnx.Rngs) -> None:
        scheme, window = numerics.scheme, (layer.patch, layer.patch)
        self.projection = nnx.Conv(
            layer.in_channels,
            layer.width,
            window,
            strides=window,
            padding="VALID",
            dtype=numerics.compute_dtype,
            kernel_init=scheme.kernel,
            bias_init=scheme.bias_behind(layer.patch**2 * layer.in_channels),
            rngs=rngs,
        )
        self.grid = layer.layout == "grid"
        if not self.grid:
            self.class_token = nnx.Param(scheme.class_token(rngs.params(), (1, layer.width), jnp.float32))
        table = (layer.n_patches + (not self.grid), layer.width)
        self.position_table = nnx.Param(scheme.position_table(rngs.params(), table, jnp.float32))

    def __call__(self, images: jax.Array) -> jax.Array:
        """Tokens in row-major order behind the class token, positions added in float32."""
        patches = self.projection(images)
        batch, *_, width = patches.shape
        tokens = at_least_float32(patches.reshape(batch, -1, width))
        if self.grid:
            return (tokens + self.position_table[...]).reshape(patches.shape)
        first = jnp.broadcast_to(self.class_token[...], (batch, 1, width))
        return jnp.concatenate([first, tokens], axis=1) + self.position_table[...]


@build_layer.register
def _(layer: PatchEmbed, numerics: Numerics, rngs: nnx.Rngs) -> PatchEmbedding:
    return PatchEmbedding(layer, numerics, rngs)
