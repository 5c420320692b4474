"""Modules of the taps: they hold nothing and hand tensors on."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from netspec.layers.taps import Load, Pick, Reshape, Save
from netspec.modules.base import Numerics, build_layer


class Saved(nnx.Module):
    """``value -> (value, value)``: once onwards, once to be kept under the layer's name."""

    def __call__(self, value: Any) -> tuple[Any, Any]:
        """Unchanged."""
        return value, value


class Loaded(nnx.Module):
    """``(value, saved) -> saved``, or both joined along the channels, or added."""

    def __init__(self, layer: Load) -> None:
        self.join = layer.join

    def __call__(self, value: Any, saved: jax.Array) -> jax.Array:
        """What arrives comes before what was saved."""
        match self.join:
            case "replace":
                return saved
            case "concat":
                return jnp.concatenate([value, saved], axis=-1)
            case "multiply":
                return value * saved
            case _:
                return value + saved


class Picked(nnx.Module):
    """``{name: tensor, …} -> tensor``."""

    def __init__(self, layer: Pick) -> None:
        self.name = layer.name

    def __call__(self, value: Any) -> jax.Array:
        """The one of that name."""
        return value[self.name]


class Reshaped(nnx.Module):
    """``(B, …) -> (B, *shape)``, row-major."""

    def __init__(self, layer: Reshape) -> None:
        self.shape = layer.shape

    def __call__(self, value: Any) -> jax.Array:
        """The same scalars."""
        return value.reshape(value.shape[0], *self.shape)


@build_layer.register
def _(layer: Save, numerics: Numerics, rngs: nnx.Rngs) -> Saved:
    return Saved()


@build_layer.register
def _(layer: Load, numerics: Numerics, rngs: nnx.Rngs) -> Loaded:
    return Loaded(layer)


@build_layer.register
def _(layer: Pick, numerics: Numerics, rngs: nnx.Rngs) -> Picked:
    return Picked(layer)


@build_layer.register
def _(layer: Reshape, numerics: Numerics, rngs: nnx.Rngs) -> Reshaped:
    return Reshaped(layer)
