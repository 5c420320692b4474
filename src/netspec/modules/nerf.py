"""Modules of :class:`netspec.layers.PositionalEncoding` and :class:`netspec.layers.NeRFMLP`."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx

from netspec.layers.nerf import NeRFMLP, PositionalEncoding
from netspec.modules.base import Numerics, build_layer
from netspec.modules.dtypes import at_least_float32


class Fourier(nnx.Module):
    """``sin(2^k·π·p), cos(2^k·π·p)`` for octaves ``k = 0, 1, …``: ``(B, …, in) -> (B, …, 2·n_frequencies·in)``.

    ``raw`` puts the coordinates first and leaves the factor π out; ``unit`` divides them by their length. Each sine and
    each cosine holds all coordinates, as in the published code; float32. Source: Mildenhall et al. 2020
    (arXiv:2003.08934), eq. 4.
    """

    def __init__(self, n_frequencies: int, *, raw: bool = False, unit: bool = False) -> None:
        self.n_frequencies, self.raw, self.unit = n_frequencies, raw, unit

    def __call__(self, p: jax.Array) -> jax.Array:
        """The phase is reduced before it is multiplied by π, which is exact, so high octaves lose no digits."""
        p = at_least_float32(p)
        if self.unit:
            p = p / jnp.linalg.norm(p, axis=-1, keepdims=True)
        waves = [p] if self.raw else []
        for octave in range(self.n_frequencies):
            phase = p * 2.0**octave if self.raw else jnp.pi * jnp.mod(p * 2.0**octave, 2.0)
            waves += [jnp.sin(phase), jnp.cos(phase)]
        return jnp.concatenate(waves, axis=-1)


class RadianceField(nnx.Module):
    """``(B, …, p), (B, …, q) -> {density: (B, …, 1), rgb: (B, …, 3)}``.

    Eight dense layers with ReLU, the encoded position joined in front of what the fifth gives; a density at least
    zero; colours between 0 and 1. Source: Mildenhall et al. 2020 (arXiv:2003.08934), fig. 7.
    """

    def __init__(self, layer: NeRFMLP, numerics: Numerics, rngs: nnx.Rngs) -> None:
        position, hidden = layer.position_features, layer.hidden
        fans = [position, *[hidden] * 4, hidden + position, hidden, hidden]
        self.trunk = nnx.List([numerics.linear(fan, hidden, rngs) for fan in fans])
        self.relu = numerics.activation("relu")
        self.density = numerics.linear(hidden, 1, rngs)
        self.feature = numerics.linear(hidden, hidden, rngs)
        self.view = numerics.linear(hidden + layer.direction_features, layer.direction_hidden, rngs)
        self.rgb = numerics.linear(layer.direction_hidden, 3, rngs)

    def __call__(self, position: jax.Array, direction: jax.Array) -> dict[str, jax.Array]:
        """The density knows the position only; the colour also the direction."""
        x = position
        for index, dense in enumerate(self.trunk):
            x = self.relu(dense(jnp.concatenate([position, x], axis=-1) if index == 5 else x))
        seen = self.relu(self.view(jnp.concatenate([self.feature(x), direction], axis=-1)))
        return {"density": self.relu(self.density(x)), "rgb": nnx.sigmoid(self.rgb(seen))}


@build_layer.register
def _(layer: PositionalEncoding, numerics: Numerics, rngs: nnx.Rngs) -> Fourier:
    return Fourier(layer.n_frequencies, raw=layer.form == "code", unit=layer.unit)


@build_layer.register
def _(layer: NeRFMLP, numerics: Numerics, rngs: nnx.Rngs) -> RadianceField:
    return RadianceField(layer, numerics, rngs)
