"""Module of :class:`netspec.layers.CSPBlock`."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx

from netspec.layers.csp_block import CSPBlock
from netspec.modules.base import Numerics, build_layer
from netspec.modules.conv_bn import normed_conv
from netspec.modules.darknet_block import darknet_blocks


class CrossStagePartial(nnx.Module):
    """Darknet blocks on one half, nothing on the other, joined by a 1×1: ``(B, H, W, in) -> (B, H, W, out)``.

    Source: Wang et al. 2019 (arXiv:1911.11929), fig. 2b; SiLU as in YOLOv5, whose block this is.
    """

    def __init__(self, layer: CSPBlock, numerics: Numerics, rngs: nnx.Rngs) -> None:
        i, half = layer.in_channels, layer.in_channels // 2
        self.deep = normed_conv(numerics, i, half, 1, rngs, activation="silu")
        self.blocks = nnx.Sequential(*darknet_blocks(numerics, half, layer.n_blocks, rngs, "silu"))
        self.partial = normed_conv(numerics, i, half, 1, rngs, activation="silu")
        self.exit = normed_conv(numerics, 2 * half, layer.out_channels, 1, rngs, activation="silu")

    def __call__(self, x: jax.Array) -> jax.Array:
        """Deep channels before those that skipped the blocks."""
        return self.exit(jnp.concatenate([self.blocks(self.deep(x)), self.partial(x)], axis=-1))


@build_layer.register
def _(layer: CSPBlock, numerics: Numerics, rngs: nnx.Rngs) -> CrossStagePartial:
    return CrossStagePartial(layer, numerics, rngs)
