"""Module of :class:`netspec.layers.GlobalAvgPool`."""

from __future__ import annotations

import jax
from flax import nnx

from netspec.layers.global_avg_pool import GlobalAvgPool
from netspec.modules.base import Numerics, build_layer
from netspec.modules.dtypes import at_least_float32


class GlobalAverage(nnx.Module):
    """Mean over all positions: ``(B, …, C) -> (B, C)``, summed in float32."""

    def __call__(self, x: jax.Array) -> jax.Array:
        """The mean of each channel."""
        return at_least_float32(x).mean(axis=tuple(range(1, x.ndim - 1)))


@build_layer.register
def _(layer: GlobalAvgPool, numerics: Numerics, rngs: nnx.Rngs) -> GlobalAverage:
    return GlobalAverage()
