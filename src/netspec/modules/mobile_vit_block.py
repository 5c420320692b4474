"""Module of :class:`netspec.layers.MobileViTBlock`."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from flax import nnx

from netspec.layers.mobile_vit_block import MobileViTBlock
from netspec.layers.transformer_encoder import TransformerEncoder
from netspec.modules.base import Numerics, build_layer
from netspec.modules.conv_bn import normed_conv
from netspec.modules.resize import resized
from netspec.modules.transformer_encoder import EncoderBlock, SelfAttention


def unfold(x: jax.Array) -> jax.Array:
    """``(B, H, W, d) -> (B·4, H·W/4, d)``: the pixels at one place of every 2×2 patch as one sequence.

    Source: Mehta & Rastegari 2021 (arXiv:2110.02178), sec. 3.1, before eq. 1.
    """
    batch, height, width, d = x.shape
    x = x.reshape(batch, height // 2, 2, width // 2, 2, d).transpose(0, 2, 4, 1, 3, 5)
    return x.reshape(batch * 4, -1, d)


def fold(tokens: jax.Array, height: int, width: int) -> jax.Array:
    """``(B·4, H·W/4, d) -> (B, H, W, d)``, the inverse of :func:`unfold`."""
    d = tokens.shape[-1]
    x = tokens.reshape(-1, 2, 2, height // 2, width // 2, d).transpose(0, 3, 1, 4, 2, 5)
    return x.reshape(-1, height, width, d)


class LocalGlobal(nnx.Module):
    """Local convolutions, attention across patches, fusion with the input: ``(B, H, W, c) -> (B, H, W, c)``.

    Swish everywhere, in the MLPs too (app. A). Source: Mehta & Rastegari 2021 (arXiv:2110.02178), fig. 1b.
    """

    def __init__(self, layer: MobileViTBlock, numerics: Numerics, rngs: nnx.Rngs) -> None:
        channels, width = layer.channels, layer.width
        block = TransformerEncoder(width, layer.heads, layer.mlp_width, 1, mlp="silu")
        attention = partial(SelfAttention, block, numerics, rngs)
        self.local = normed_conv(numerics, channels, channels, 3, rngs, activation="silu")
        self.widen = numerics.conv(channels, width, 1, rngs, bias=False)
        self.blocks = nnx.List([EncoderBlock(block, attention, numerics, rngs) for _ in range(layer.n_blocks)])
        self.norm = numerics.layer_norm(width, rngs)
        self.narrow = normed_conv(numerics, width, channels, 1, rngs, activation="silu")
        self.fuse = normed_conv(numerics, 2 * channels, channels, 3, rngs, activation="silu")

    def __call__(self, x: jax.Array) -> jax.Array:
        """Each output pixel has seen every input pixel: its neighbours by convolution, they the rest by attention."""
        height, width = x.shape[1:3]
        even = height + height % 2, width + width % 2
        tokens = unfold(_to_sides(self.widen(self.local(x)), even))
        for block in self.blocks:
            tokens = block(tokens)
        mixed = self.narrow(_to_sides(fold(self.norm(tokens), *even), (height, width)))
        return self.fuse(jnp.concatenate([x, mixed], axis=-1))


def _to_sides(x: jax.Array, sides: tuple[int, int]) -> jax.Array:
    """``x`` where it has these sides, else interpolated to them."""
    return x if x.shape[1:3] == sides else resized(x, sides, "bilinear", aligned=False)


@build_layer.register
def _(layer: MobileViTBlock, numerics: Numerics, rngs: nnx.Rngs) -> LocalGlobal:
    return LocalGlobal(layer, numerics, rngs)
