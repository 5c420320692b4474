"""The flax.nnx modules of the layers: the same file names as :mod:`netspec.layers`, and :func:`build`."""

from __future__ import annotations

import jax.numpy as jnp
from flax import nnx

from netspec.modules.base import Numerics, module_of
from netspec.modules.initialize import SCHEMES
from netspec.spec import NetSpec

__all__ = ["SCHEMES", "Network", "Numerics", "build", "module_of"]


class Network(nnx.Module):
    """The layers of a spec, applied in order to a batch ``(B, *input_shape)`` of float32."""

    def __init__(self, spec: NetSpec, numerics: Numerics, rngs: nnx.Rngs):
        self.layers = nnx.List([module_of(layer, numerics, rngs) for layer in spec.layers])

    def __call__(self, x: jnp.ndarray) -> jnp.ndarray:
        """Map ``(B, *input_shape)`` to ``(B, *output_shape)``, returned in float32 whatever the compute type."""
        for layer in self.layers:
            x = layer(x)
        return x.astype(jnp.float32)


def build(
    spec: NetSpec, rngs: nnx.Rngs, *, initialization: str = "book", compute_dtype: jnp.dtype = jnp.float32
) -> Network:
    """Build the module of ``spec``.

    ``initialization`` names a scheme of :mod:`netspec.modules.initialize`. Parameters are float32; matrix products
    and convolutions run in ``compute_dtype``, normalisation and softmax in float32.

    Raises ``ValueError`` for an unknown initialisation and ``TypeError`` for a layer without a module.
    """
    if initialization not in SCHEMES:
        raise ValueError(f"unknown initialization {initialization!r}, expected one of {', '.join(SCHEMES)}")
    return Network(spec, Numerics(SCHEMES[initialization], compute_dtype), rngs)
