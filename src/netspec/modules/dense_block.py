"""Modules of the DenseNet layers."""

from __future__ import annotations

import jax.numpy as jnp
from flax import nnx
from jax import lax

from netspec.layers.dense_block import DenseBlock, TransitionLayer
from netspec.modules.base import Numerics, at_least_float32, build_layer


class DenseLayer(nnx.Module):
    """BatchNorm-ReLU-1×1-BatchNorm-ReLU-3×3: ``(B, H, W, C) -> (B, H, W, growth)``, what a layer adds to its block.

    Source: Huang et al. 2016 (arXiv:1608.06993), sec. 3, "Bottleneck layers".
    """

    def __init__(self, channels: int, growth: int, numerics: Numerics, rngs: nnx.Rngs):
        self.norm1 = numerics.batch_norm(channels, rngs)
        self.conv1 = numerics.conv(channels, 4 * growth, 1, rngs)
        self.norm2 = numerics.batch_norm(4 * growth, rngs)
        self.conv2 = numerics.conv(4 * growth, growth, 3, rngs)

    def __call__(self, x, mean, variance):
        """The new channels. ``mean`` and ``variance`` ``(C,)`` are those of ``x`` in the batch."""
        norm = self.norm1
        if norm.use_running_average:
            mean, variance = norm.mean[...], norm.var[...]
        else:
            for running, current in ((norm.mean, mean), (norm.var, variance)):
                running.set_value(norm.momentum * running[...] + (1 - norm.momentum) * lax.stop_gradient(current))
        rate = norm.scale[...] * lax.rsqrt(variance + norm.epsilon)
        normed = (at_least_float32(x) - mean) * rate + norm.bias[...]
        return self.conv2(nnx.relu(self.norm2(self.conv1(nnx.relu(normed)))))


class Block(nnx.Module):
    """Layers that each read all channels before them: ``(B, H, W, in) -> (B, H, W, in + n · growth)``.

    Every layer normalises by the same statistics of what arrived and of the channels added since, so they are taken
    once per channel and not once per layer: the same numbers, in a sixth less code to compile.
    """

    def __init__(self, layers: list[DenseLayer]):
        self.layers = nnx.List(layers)

    def __call__(self, x):
        """What arrived, then the new channels of each layer."""
        mean, variance = statistics(x)
        for layer in self.layers:
            new = layer(x, mean, variance).astype(x.dtype)
            x = jnp.concatenate([x, new], axis=-1)
            mean, variance = (jnp.concatenate(pair) for pair in zip((mean, variance), statistics(new), strict=True))
        return x


def statistics(x: jnp.ndarray) -> tuple[jnp.ndarray, jnp.ndarray]:
    """Mean and biased variance ``(C,)`` of the channels of ``x`` ``(…, C)``, in float32 at least."""
    x, axes = at_least_float32(x), tuple(range(x.ndim - 1))
    mean = x.mean(axes)
    return mean, jnp.maximum(0.0, jnp.square(x).mean(axes) - jnp.square(mean))


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
def _(layer: DenseBlock, numerics: Numerics, rngs: nnx.Rngs) -> Block:
    growth = layer.growth_rate
    widths = (layer.in_channels + index * growth for index in range(layer.n_layers))
    return Block([DenseLayer(width, growth, numerics, rngs) for width in widths])


@build_layer.register
def _(layer: TransitionLayer, numerics: Numerics, rngs: nnx.Rngs) -> Transition:
    return Transition(layer, numerics, rngs)
