"""Module of :class:`netspec.layers.Flatten`."""

from __future__ import annotations

import jax
from flax import nnx

from netspec.layers.flatten import Flatten
from netspec.modules.base import Numerics, build_layer


class Flattened(nnx.Module):
    """All scalars of an example in one axis, row-major: ``(B, …) -> (B, features)``."""

    def __call__(self, x: jax.Array) -> jax.Array:
        """The same scalars."""
        return x.reshape(x.shape[0], -1)


@build_layer.register
def _(layer: Flatten, numerics: Numerics, rngs: nnx.Rngs) -> Flattened:
    return Flattened()
