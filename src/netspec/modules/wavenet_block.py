"""Module of :class:`netspec.layers.WaveNetBlock`."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from netspec.layers.wavenet_block import WaveNetBlock
from netspec.modules.base import Numerics, build_layer
from netspec.modules.dtypes import at_least_float32


class GatedLayer(nnx.Module):
    """``z = tanh(filter(x))·sigmoid(gate(x))``, then ``(x + residual(z), skip(z))``.

    ``(B, T, W, r) -> (B, T, W, r), (B, T, W, s)``; columns do not mix. Filter and gate share one convolution over the
    times ``t − dilation`` and ``t``. Source: van den Oord et al. 2016 (arXiv:1609.03499), eq. 2 and fig. 4.
    """

    def __init__(self, layer: WaveNetBlock, dilation: int, numerics: Numerics, rngs: nnx.Rngs) -> None:
        residual, gated = layer.residual_channels, layer.gated
        self.filter_gate = nnx.Conv(
            residual,
            2 * gated,
            (2, 1),
            padding=((dilation, 0), (0, 0)),
            kernel_dilation=(dilation, 1),
            use_bias=layer.bias,
            dtype=numerics.compute_dtype,
            kernel_init=numerics.scheme.kernel,
            bias_init=numerics.scheme.bias,
            rngs=rngs,
        )
        self.residual = numerics.linear(gated, residual, rngs, bias=layer.bias)
        self.skip = numerics.linear(gated, layer.skip_channels, rngs, bias=layer.bias)

    def __call__(self, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        """What goes on to the next layer, and what leaves."""
        filtered, gate = jnp.split(self.filter_gate(x), 2, axis=-1)
        z = jnp.tanh(filtered) * nnx.sigmoid(gate)
        return x + self.residual(z), self.skip(z)


class WaveNetStack(nnx.Module):
    """Layers with dilations 1, 2, 4, …; the sum of their skips leaves: ``(B, T, …, r) -> (B, T, …, s)``.

    In each stack the dilations start again. What the last layer would pass on is not read, so its residual map, which
    the count includes, gets no gradient.
    """

    def __init__(self, layer: WaveNetBlock, numerics: Numerics, rngs: nnx.Rngs) -> None:
        dilations = [2**index for index in range(layer.n_layers)] * layer.stacks
        self.layers = nnx.List([GatedLayer(layer, dilation, numerics, rngs) for dilation in dilations])

    def __call__(self, x: jax.Array) -> jax.Array:
        """Output ``t`` of one stack depends on inputs ``t − 2^n_layers + 1`` to ``t``; before the first, zeros."""
        batch, times, *columns, channels = x.shape
        x = x.reshape(batch, times, -1, channels)
        total: Any = 0.0
        for layer in self.layers:
            x, skip = layer(x)
            total = total + at_least_float32(skip)
        return total.reshape(batch, times, *columns, -1)


@build_layer.register
def _(layer: WaveNetBlock, numerics: Numerics, rngs: nnx.Rngs) -> WaveNetStack:
    return WaveNetStack(layer, numerics, rngs)
