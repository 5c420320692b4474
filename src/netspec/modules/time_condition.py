"""Module of :class:`netspec.layers.TimeCondition`."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
from flax import nnx

from netspec.layers.time_condition import TimeCondition
from netspec.modules.base import Numerics, build_layer
from netspec.modules.dtypes import at_least_float32


def encode_time(time: jax.Array, n_frequencies: int) -> jax.Array:
    """Sines, then cosines, of the time at wavelengths from 2π to 10000·2π: ``(B, 1) -> (B, 2·n_frequencies)``.

    Source: Ho et al. 2020 (arXiv:2006.11239), app. B, after Vaswani et al. 2017 (arXiv:1706.03762), sec. 3.5; both
    ends of the range are included, as in the code of the former.
    """
    exponents = jnp.arange(n_frequencies) / max(n_frequencies - 1, 1)
    phase = at_least_float32(time) * jnp.exp(-math.log(10000) * exponents)
    return jnp.concatenate([jnp.sin(phase), jnp.cos(phase)], axis=-1)


class AddTime(nnx.Module):
    """Encoded time through a dense map, added to every position: ``(B, H, W, c), (B, 1) -> (B, H, W, c)``."""

    def __init__(self, layer: TimeCondition, numerics: Numerics, rngs: nnx.Rngs) -> None:
        self.n_frequencies = layer.n_frequencies
        self.projection = numerics.linear(2 * layer.n_frequencies, layer.channels, rngs)

    def __call__(self, x: jax.Array, time: jax.Array) -> jax.Array:
        """``time`` in steps, from 0 to some thousand."""
        return x + self.projection(encode_time(time, self.n_frequencies))[:, None, None]


@build_layer.register
def _(layer: TimeCondition, numerics: Numerics, rngs: nnx.Rngs) -> AddTime:
    return AddTime(layer, numerics, rngs)
