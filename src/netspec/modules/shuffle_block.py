"""Modules of the ShuffleNet layers."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx

from netspec.layers.shuffle_block import ShuffleBlock, ShuffleV2Block
from netspec.modules.base import Numerics, build_layer
from netspec.modules.conv_bn import depthwise, normed_conv


def channel_shuffle(x: jax.Array, groups: int) -> jax.Array:
    """Deal the channels of ``groups`` groups in turn: ``(…, C) -> (…, C)``; ``abcd|efgh`` becomes ``aebfcgdh``.

    Source: Zhang et al. 2017 (arXiv:1707.01083), sec. 3.1.
    """
    *front, channels = x.shape
    return x.reshape(*front, groups, channels // groups).swapaxes(-1, -2).reshape(x.shape)


class ShuffleUnit(nnx.Module):
    """ShuffleNet v1 unit: ``(B, H, W, C) -> (B, H, W, C)``, or with stride 2 to ``(B, H/2, W/2, out)``.

    Grouped 1×1, ReLU, shuffle, 3×3 depthwise, grouped 1×1; added to the input, or concatenated behind its 3×3
    average; then ReLU. No activation behind the depthwise convolution. Source: Zhang et al. 2017
    (arXiv:1707.01083), fig. 2b and c.
    """

    def __init__(self, layer: ShuffleBlock, numerics: Numerics, rngs: nnx.Rngs, *, first: bool) -> None:
        self.relu, self.relu_of_sum = numerics.activation("relu"), numerics.relu_of_sum
        self.padding = numerics.same_padding(3)
        m, self.groups, self.first = layer.middle, layer.groups, first
        i, o = (layer.in_channels, layer.out_channels - layer.in_channels) if first else (layer.out_channels,) * 2
        self.reduce = normed_conv(numerics, i, m, 1, rngs, groups=self.groups)
        self.depthwise = depthwise(numerics, m, 3, rngs, stride=2 if first else 1, activation="identity")
        self.expand = normed_conv(numerics, m, o, 1, rngs, groups=self.groups, activation="identity")

    def __call__(self, x: jax.Array) -> jax.Array:
        """Both paths joined, then ReLU."""
        y = self.expand(self.depthwise(channel_shuffle(self.reduce(x), self.groups)))
        if not self.first:
            return self.relu_of_sum(y, x)
        pooled = nnx.avg_pool(x, (3, 3), strides=(2, 2), padding=self.padding)
        return self.relu(jnp.concatenate([pooled.astype(y.dtype), y], axis=-1))


class ShuffleV2First(nnx.Module):
    """The unit between stages: two paths of half the channels each, joined and shuffled.

    ``(B, H, W, in) -> (B, H/2, W/2, out)``. Source: Ma et al. 2018 (arXiv:1807.11164), fig. 3d.
    """

    def __init__(self, layer: ShuffleV2Block, numerics: Numerics, rngs: nnx.Rngs) -> None:
        i, half = layer.in_channels, layer.out_channels // 2
        self.left = nnx.Sequential(
            depthwise(numerics, i, 3, rngs, stride=2, activation="identity"),
            normed_conv(numerics, i, half, 1, rngs),
        )
        self.right = nnx.Sequential(
            normed_conv(numerics, i, half, 1, rngs),
            depthwise(numerics, half, 3, rngs, stride=2, activation="identity"),
            normed_conv(numerics, half, half, 1, rngs),
        )

    def __call__(self, x: jax.Array) -> jax.Array:
        """Left and right channels in turn."""
        return channel_shuffle(jnp.concatenate([self.left(x), self.right(x)], axis=-1), 2)


class ShuffleV2Unit(nnx.Module):
    """The unit inside a stage: one half of the channels passes, the other is transformed; joined and shuffled.

    ``(B, H, W, C) -> (B, H, W, C)``. Source: Ma et al. 2018 (arXiv:1807.11164), fig. 3c.
    """

    def __init__(self, layer: ShuffleV2Block, numerics: Numerics, rngs: nnx.Rngs) -> None:
        half = layer.out_channels // 2
        self.right = nnx.Sequential(
            normed_conv(numerics, half, half, 1, rngs),
            depthwise(numerics, half, 3, rngs, activation="identity"),
            normed_conv(numerics, half, half, 1, rngs),
        )

    def __call__(self, x: jax.Array) -> jax.Array:
        """Passed and transformed channels in turn."""
        passed, split = jnp.split(x, 2, axis=-1)
        return channel_shuffle(jnp.concatenate([passed, self.right(split)], axis=-1), 2)


@build_layer.register
def _(layer: ShuffleBlock, numerics: Numerics, rngs: nnx.Rngs) -> nnx.Sequential:
    return nnx.Sequential(*[ShuffleUnit(layer, numerics, rngs, first=unit == 0) for unit in range(layer.n_units)])


@build_layer.register
def _(layer: ShuffleV2Block, numerics: Numerics, rngs: nnx.Rngs) -> nnx.Sequential:
    rest = [ShuffleV2Unit(layer, numerics, rngs) for _ in range(layer.n_units - 1)]
    return nnx.Sequential(ShuffleV2First(layer, numerics, rngs), *rest)
