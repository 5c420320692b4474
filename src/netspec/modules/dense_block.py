"""Modules of the DenseNet layers."""

from __future__ import annotations

import jax.numpy as jnp
from flax import nnx

from netspec.layers.dense_block import DenseBlock, TransitionLayer
from netspec.modules.base import Numerics, build_layer


class DenseLayer(nnx.Module):
    """BatchNorm-ReLU-1×1-BatchNorm-ReLU-3×3, joined to its input: ``(B, H, W, C) -> (B, H, W, C + growth)``.

    Source: Huang et al. 2016 (arXiv:1608.06993), sec. 3, "Bottleneck layers".
    """

    def __init__(self, channels: int, growth: int, numerics: Numerics, rngs: nnx.Rngs):
        self.norm1 = numerics.batch_norm(channels, rngs)
        self.conv1 = numerics.conv(channels, 4 * growth, 1, rngs)
        self.norm2 = numerics.batch_norm(4 * growth, rngs)
        self.conv2 = numerics.conv(4 * growth, growth, 3, rngs)

    def __call__(self, x):
        """What arrived, then the new channels."""
        new = self.conv2(nnx.relu(self.norm2(self.conv1(nnx.relu(self.norm1(x))))))
        return jnp.concatenate([x, new.astype(x.dtype)], axis=-1)


class Transition(nnx.Module):
    """BatchNorm, ReLU, 1×1 convolution, 2×2 average: ``(B, H, W, in) -> (B, H/2, W/2, out)``.

    The ReLU is part of the composite function of Huang et al. 2016, sec. 3, and of their implementation.
    """

    def __init__(self, layer: TransitionLayer, numerics: Numerics, rngs: nnx.Rngs):
        self.norm = numerics.batch_norm(layer.in_channels, rngs)
        self.conv = numerics.conv(layer.in_channels, layer.out_channels, 1, rngs)

    def __call__(self, x):
        """Fewer channels, a quarter of the positions."""
        return nnx.avg_pool(self.conv(nnx.relu(self.norm(x))), (2, 2), strides=(2, 2))


@build_layer.register
def _(layer: DenseBlock, numerics: Numerics, rngs: nnx.Rngs) -> nnx.Sequential:
    growth = layer.growth_rate
    widths = (layer.in_channels + index * growth for index in range(layer.n_layers))
    return nnx.Sequential(*[DenseLayer(width, growth, numerics, rngs) for width in widths])


@build_layer.register
def _(layer: TransitionLayer, numerics: Numerics, rngs: nnx.Rngs) -> Transition:
    return Transition(layer, numerics, rngs)
