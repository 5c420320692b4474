"""Module of :class:`netspec.layers.FeaturePyramid`."""

from __future__ import annotations

from dataclasses import astuple

import jax
import jax.numpy as jnp
from flax import nnx

from netspec.layers.feature_pyramid import FeaturePyramid
from netspec.modules.base import Numerics, build_layer


def nearest(x: jax.Array, scale: int) -> jax.Array:
    """Repeat each position: ``(B, H, W, C) -> (B, scale·H, scale·W, C)``."""
    return jnp.repeat(jnp.repeat(x, scale, axis=1), scale, axis=2)


class Pyramid(nnx.Module):
    """Top-down pathway with lateral connections (Lin et al. 2016, arXiv:1612.03144, section 3 and fig. 3)."""

    def __init__(self, layer: FeaturePyramid, numerics: Numerics, rngs: nnx.Rngs) -> None:
        *stages, width = astuple(layer)
        self.lateral = nnx.List([numerics.conv(channels, width, 1, rngs) for channels in stages])
        self.smooth = nnx.List([numerics.conv(width, width, 3, rngs) for _ in stages])

    def __call__(self, x: jax.Array, *stages: jax.Array) -> dict[str, jax.Array]:
        """``c2`` to ``c5``, each ``(B, H, W, c)`` with half the sides of the one before, rounded up, to ``{p2: …, …,
        p5: …}``.

        The levels have the sides of their stages and ``out`` channels. ``x``, the tensor that arrives, is ``c5`` or
        something after it and is not used.
        """
        levels = [lateral(stage) for lateral, stage in zip(self.lateral, stages, strict=True)]
        for index in reversed(range(len(levels) - 1)):
            height, width = levels[index].shape[1:3]
            levels[index] = levels[index] + nearest(levels[index + 1], 2)[:, :height, :width]
        return {f"p{2 + i}": smooth(level) for i, (smooth, level) in enumerate(zip(self.smooth, levels, strict=True))}


@build_layer.register
def _(layer: FeaturePyramid, numerics: Numerics, rngs: nnx.Rngs) -> Pyramid:
    return Pyramid(layer, numerics, rngs)
