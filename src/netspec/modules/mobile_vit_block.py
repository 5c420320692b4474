"""Module of :class:`netspec.layers.MobileViTBlock`."""

from __future__ import annotations

import jax.numpy as jnp
from flax import nnx

from netspec.layers.mobile_vit_block import MobileViTBlock
from netspec.layers.transformer_encoder import TransformerEncoder
from netspec.modules.base import Numerics, build_layer
from netspec.modules.cpu.sums_once import two_paths
from netspec.modules.transformer_encoder import EncoderBlock


def unfold(x):
    """``(B, H, W, d) -> (B·4, H·W/4, d)``: the pixels at one place of every 2×2 patch as one sequence.

    Source: Mehta & Rastegari 2021 (arXiv:2110.02178), sec. 3.1, before eq. 1.
    """
    batch, height, width, d = x.shape
    x = x.reshape(batch, height // 2, 2, width // 2, 2, d).transpose(0, 2, 4, 1, 3, 5)
    return x.reshape(batch * 4, -1, d)


def fold(tokens, height: int, width: int):
    """``(B·4, H·W/4, d) -> (B, H, W, d)``, the inverse of :func:`unfold`."""
    d = tokens.shape[-1]
    x = tokens.reshape(-1, 2, 2, height // 2, width // 2, d).transpose(0, 3, 1, 4, 2, 5)
    return x.reshape(-1, height, width, d)


class SwishBlock(EncoderBlock):
    """The block of the ViT encoder with Swish in its MLP, as everywhere in MobileViT (arXiv:2110.02178, app. A)."""

    def __call__(self, x):
        """``(B, N, width) -> (B, N, width)``."""
        x, branch = two_paths(x)
        x, branch = two_paths(x + self.attention(self.norm1(branch)))
        return x + self.fc2(nnx.silu(self.fc1(self.norm2(branch))))


class NormedConvolution(nnx.Module):
    """Convolution without bias, BatchNorm, Swish: ``(B, H, W, in) -> (B, H, W, out)``."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int, numerics: Numerics, rngs: nnx.Rngs):
        self.convolution = numerics.conv(in_channels, out_channels, kernel, rngs, bias=False)
        self.norm = numerics.batch_norm(out_channels, rngs)

    def __call__(self, x):
        """The norm runs in float32."""
        return nnx.silu(self.norm(self.convolution(x)))


class LocalGlobal(nnx.Module):
    """Local convolutions, attention across patches, fusion with the input: ``(B, H, W, c) -> (B, H, W, c)``.

    Source: Mehta & Rastegari 2021 (arXiv:2110.02178), fig. 1b.
    """

    def __init__(self, layer: MobileViTBlock, numerics: Numerics, rngs: nnx.Rngs):
        channels, width = layer.channels, layer.width
        block = TransformerEncoder(width, layer.heads, layer.mlp_width, 1)
        self.local = NormedConvolution(channels, channels, 3, numerics, rngs)
        self.widen = numerics.conv(channels, width, 1, rngs, bias=False)
        self.blocks = nnx.List([SwishBlock(block, numerics, rngs) for _ in range(layer.n_blocks)])
        self.norm = numerics.layer_norm(width, rngs)
        self.narrow = NormedConvolution(width, channels, 1, numerics, rngs)
        self.fuse = NormedConvolution(2 * channels, channels, 3, numerics, rngs)

    def __call__(self, x):
        """Each output pixel has seen every input pixel: its neighbours by convolution, they the rest by attention."""
        tokens = unfold(self.widen(self.local(x)))
        for block in self.blocks:
            tokens = block(tokens)
        mixed = self.narrow(fold(self.norm(tokens), *x.shape[1:3]))
        return self.fuse(jnp.concatenate([x, mixed], axis=-1))


@build_layer.register
def _(layer: MobileViTBlock, numerics: Numerics, rngs: nnx.Rngs) -> LocalGlobal:
    return LocalGlobal(layer, numerics, rngs)
