"""Module of :class:`netspec.layers.GroupNorm`."""

from __future__ import annotations

import jax
from flax import nnx

from netspec.layers.group_norm import GroupNorm
from netspec.modules.base import Numerics, build_layer


class NormedGroups(nnx.Module):
    """Group normalisation and an activation: ``(B, H, W, C) -> (B, H, W, C)`` in float32.

    Source: Wu & He 2018 (arXiv:1803.08494), eqs. 1, 6 and 7.
    """

    def __init__(
        self,
        channels: int,
        groups: int,
        activation: str,
        numerics: Numerics,
        rngs: nnx.Rngs,
        epsilon: float | None = None,
    ) -> None:
        self.norm = nnx.GroupNorm(
            channels,
            groups,
            epsilon=numerics.conventions.group_norm_epsilon if epsilon is None else epsilon,
            use_fast_variance=False,
            dtype=numerics.wide_dtype,
            rngs=rngs,
        )
        self.activation = numerics.activation(activation)

    def __call__(self, x: jax.Array) -> jax.Array:
        """Norm, activation."""
        return self.activation(self.norm(x))


@build_layer.register
def _(layer: GroupNorm, numerics: Numerics, rngs: nnx.Rngs) -> NormedGroups:
    return NormedGroups(layer.channels, layer.groups, layer.activation, numerics, rngs, layer.epsilon)
