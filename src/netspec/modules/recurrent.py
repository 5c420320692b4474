"""Module of :class:`netspec.layers.Recurrent`."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx

from netspec.layers.recurrent import GATES, Recurrent
from netspec.modules.base import Numerics, build_layer
from netspec.modules.dtypes import at_least_float32


class RecurrentStates(nnx.Module):
    """``(B, N, in_features) -> (B, N, width)``; states are in float32.

    The maps of all tokens are one product; what depends on the state is a loop over tokens.
    """

    def __init__(self, layer: Recurrent, numerics: Numerics, rngs: nnx.Rngs) -> None:
        self.layer, gates = layer, GATES[layer.cell]
        self.inputs = numerics.linear(layer.in_features, layer.mapped, rngs, maps=gates)
        self.states = numerics.linear(layer.width, layer.mapped, rngs, maps=gates)

    def __call__(self, x: jax.Array) -> jax.Array:
        """The state at each token."""
        mapped = jnp.swapaxes(at_least_float32(self.inputs(x)), 0, 1)
        nothing = jnp.zeros((x.shape[0], self.layer.width), mapped.dtype)
        lstm = self.layer.cell == "lstm"
        structure, tensors = nnx.split(self.states)

        def step(kept: tuple[jax.Array, ...], token: jax.Array) -> tuple[tuple[jax.Array, ...], jax.Array]:
            seen = at_least_float32(nnx.merge(structure, tensors)(kept[0]))
            left = _lstm(token + seen, kept[1]) if lstm else _gru(token, seen, kept[0])
            return left, left[0]

        _, states = jax.lax.scan(step, (nothing, nothing) if lstm else (nothing,), mapped)
        return jnp.swapaxes(states, 0, 1)


def _lstm(gates: jax.Array, cell: jax.Array) -> tuple[jax.Array, jax.Array]:
    """State and cell behind a token; Gers et al. 2000, eqs. 3 to 6, without peepholes."""
    keep, forget, new, out = jnp.split(gates, 4, axis=-1)
    cell = nnx.sigmoid(forget) * cell + nnx.sigmoid(keep) * jnp.tanh(new)
    return nnx.sigmoid(out) * jnp.tanh(cell), cell


def _gru(token: jax.Array, seen: jax.Array, state: jax.Array) -> tuple[jax.Array]:
    """The state behind a token; Cho et al. 2014, eqs. 5 to 8, whose reset gate stands behind the map here."""
    (reset, update, new), (reset_by, update_by, new_by) = (jnp.split(one, 3, axis=-1) for one in (token, seen))
    kept = nnx.sigmoid(update + update_by)
    found = jnp.tanh(new + nnx.sigmoid(reset + reset_by) * new_by)
    return ((1 - kept) * found + kept * state,)


@build_layer.register
def _(layer: Recurrent, numerics: Numerics, rngs: nnx.Rngs) -> RecurrentStates:
    return RecurrentStates(layer, numerics, rngs)
