"""What every module needs to know besides its layer, and the dispatch from layer to module."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from functools import singledispatch
from typing import Any

import jax.numpy as jnp
from flax import nnx

from netspec.layers.base import Layer
from netspec.modules.initialize import Scheme


@dataclass(frozen=True)
class Numerics:
    """Initialisation scheme and the dtype of matrix products; parameters are always float32."""

    scheme: Scheme
    compute_dtype: Any = jnp.float32

    def linear(self, in_features: int, out_features: int, rngs: nnx.Rngs) -> nnx.Linear:
        """A dense map with bias, initialised by the scheme."""
        return nnx.Linear(
            in_features,
            out_features,
            dtype=self.compute_dtype,
            kernel_init=self.scheme.kernel,
            bias_init=self.scheme.bias,
            rngs=rngs,
        )

    def layer_norm(self, width: int, rngs: nnx.Rngs) -> nnx.LayerNorm:
        """LayerNorm with epsilon 1e-5 inside the root and the biased variance, in float32 (book ch. 10)."""
        return nnx.LayerNorm(width, epsilon=1e-5, dtype=jnp.float32, use_fast_variance=False, rngs=rngs)


def module_of(layer: Layer, numerics: Numerics, rngs: nnx.Rngs) -> nnx.Module:
    """The module of ``layer``, from the file here that has the name of the layer's file.

    Raises ``TypeError`` for a layer without a module.
    """
    twin = f"netspec.modules.{type(layer).__module__.rpartition('.')[2]}"
    if importlib.util.find_spec(twin):
        importlib.import_module(twin)
    return build_layer(layer, numerics, rngs)


@singledispatch
def build_layer(layer: Layer, numerics: Numerics, rngs: nnx.Rngs) -> nnx.Module:
    """What each file beside this one registers its modules with; call :func:`module_of` instead."""
    raise TypeError(f"no flax.nnx module for {type(layer).__name__}")
