"""Module of :class:`netspec.layers.FireModule`."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx

from netspec.layers.fire_module import FireModule
from netspec.modules.base import Numerics, build_layer
from netspec.modules.conv_bn import normed_conv


class Fire(nnx.Module):
    """Squeeze, then two expansions side by side: ``(B, H, W, in) -> (B, H, W, p + q)``, ReLU after each."""

    def __init__(self, layer: FireModule, numerics: Numerics, rngs: nnx.Rngs) -> None:
        self.squeeze = normed_conv(numerics, layer.in_channels, layer.squeeze, 1, rngs)
        self.expand_1x1 = normed_conv(numerics, layer.squeeze, layer.expand_1x1, 1, rngs)
        self.expand_3x3 = normed_conv(numerics, layer.squeeze, layer.expand_3x3, 3, rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        """1×1 channels before 3×3 channels."""
        squeezed = self.squeeze(x)
        return jnp.concatenate([self.expand_1x1(squeezed), self.expand_3x3(squeezed)], axis=-1)


@build_layer.register
def _(layer: FireModule, numerics: Numerics, rngs: nnx.Rngs) -> Fire:
    return Fire(layer, numerics, rngs)
