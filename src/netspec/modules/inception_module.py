"""Module of :class:`netspec.layers.InceptionModule`."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx

from netspec.layers.inception_module import InceptionModule
from netspec.modules.base import Numerics, build_layer
from netspec.modules.conv_bn import normed_conv


class Inception(nnx.Module):
    """Four paths side by side, ReLU after every convolution: ``(B, H, W, in) -> (B, H, W, b1 + b2 + b3 + b4)``.

    Source: Szegedy et al. 2014 (arXiv:1409.4842), fig. 2b.
    """

    def __init__(self, layer: InceptionModule, numerics: Numerics, rngs: nnx.Rngs) -> None:
        i = layer.in_channels
        self.padding = numerics.same_padding(3)
        self.conv_1x1 = normed_conv(numerics, i, layer.conv_1x1, 1, rngs)
        self.reduce_3x3 = normed_conv(numerics, i, layer.reduce_3x3, 1, rngs)
        self.conv_3x3 = normed_conv(numerics, layer.reduce_3x3, layer.conv_3x3, 3, rngs)
        self.reduce_5x5 = normed_conv(numerics, i, layer.reduce_5x5, 1, rngs)
        self.conv_5x5 = normed_conv(numerics, layer.reduce_5x5, layer.conv_5x5, 5, rngs)
        self.pool_1x1 = normed_conv(numerics, i, layer.pool_1x1, 1, rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        """1×1, 3×3, 5×5 and pooled channels, in this order."""
        pooled = nnx.max_pool(x, (3, 3), strides=(1, 1), padding=self.padding)
        paths = [
            self.conv_1x1(x),
            self.conv_3x3(self.reduce_3x3(x)),
            self.conv_5x5(self.reduce_5x5(x)),
            self.pool_1x1(pooled),
        ]
        return jnp.concatenate(paths, axis=-1)


@build_layer.register
def _(layer: InceptionModule, numerics: Numerics, rngs: nnx.Rngs) -> Inception:
    return Inception(layer, numerics, rngs)
