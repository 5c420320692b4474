"""What the blocks of transformers share: where norms stand in a residual branch, and the MLP."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
from flax import nnx

from netspec.layers.parts import GATED, Gelu, Mlp, Placement
from netspec.layers.transformer_decoder import TransformerDecoder
from netspec.layers.transformer_encoder import TransformerEncoder
from netspec.modules.base import Numerics
from netspec.modules.cpu.sums_once import two_paths
from netspec.modules.dtypes import at_least_float32

_GATES = {"swiglu": "silu", "geglu": "gelu", "reglu": "relu"}


def residual(
    placement: Placement,
    x: jax.Array,
    branch: Callable[[jax.Array], jax.Array],
    norms: Sequence[nnx.Module],
    end: Callable[[jax.Array], jax.Array] = lambda x: x,
    skip: float = 1.0,
) -> jax.Array:
    """``skip · x`` and ``end(branch(x))`` added in float32, normalised as :data:`netspec.layers.parts.Placement` says.

    ``norms`` are one, or with ``"sandwich"`` those before and behind the branch. With ``skip`` zero there is the branch
    alone.
    """
    if skip == 0:
        return end(branch(norms[0](x)))
    x, path = two_paths(x)
    if placement == "post":
        return norms[0]((x if skip == 1 else skip * x) + end(branch(path)))
    left = branch(norms[0](path))
    return x + end(norms[1](left) if placement == "sandwich" else left)


def function_of(mlp: Mlp, gelu: Gelu, numerics: Numerics) -> Callable[[jax.Array], jax.Array]:
    """The function of an MLP, or of its gate. A layer that says which GELU has that, another the conventions'."""
    name = _GATES.get(mlp, mlp)
    return numerics.activation("gelu_exact" if (name, gelu) == ("gelu", "exact") else name)


def hidden(x: jax.Array, mlp: Mlp, function: Callable[[jax.Array], jax.Array]) -> jax.Array:
    """What the second map of an MLP reads: the function of ``(…, m)``, or ``gate(first half) · second half``.

    Source: Shazeer 2020 (arXiv:2002.05202), eqs. 5 and 6, for the gates.
    """
    if mlp not in GATED:
        return function(x)
    gate, value = jnp.split(x, 2, axis=-1)
    return function(gate) * value


class LayerScale(nnx.Module):
    """A factor per feature or one for all, ``(…, width) -> (…, width)``; Touvron et al. 2021, eq. 8."""

    def __init__(self, width: int, initial: float) -> None:
        self.scale = nnx.Param(jnp.full((width,), initial, jnp.float32))

    def __call__(self, x: jax.Array) -> jax.Array:
        """In float32 or wider."""
        return self.scale[...] * at_least_float32(x)


def scales(layer: TransformerEncoder | TransformerDecoder) -> tuple[LayerScale, ...]:
    """What one branch is multiplied by, if anything: a factor per feature, or ReZero's one, which starts at zero."""
    if layer.residual == "rezero":
        return (LayerScale(1, 0.0),)
    return () if layer.layer_scale is None else (LayerScale(layer.width, layer.layer_scale),)
