"""Recurrent networks that are not trained."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from netspec.vocabulary import expect
from netspec.vocabulary.recurrent.unrolled import unroll


class Reservoir(NamedTuple):
    """What an echo state network never trains: ``inputs`` (channels, units) and ``recurrent`` (units, units)."""

    inputs: jax.Array
    recurrent: jax.Array


def esn(x: jax.Array, reservoir: Reservoir, targets: jax.Array, *, leak: float = 1.0, ridge: float = 1e-6) -> jax.Array:
    """Use a recurrent network without training it: only the linear map that reads its states is solved for.

    Formula: h_t = (1 − a) h_{t−1} + a tanh(W h_{t−1} + W_in x_t), h_0 = 0; W_out = (HᵀH + βI)⁻¹HᵀY
    Shapes: x (batch, tokens, channels), targets (batch, tokens, out); what leaves is W_out (units, out).
    Parameters: units·out that are solved for; those of the reservoir are drawn once.
    Cost: units² a token for the states, then one linear system of units unknowns.
    Training: a closed form in place of steps; in evaluation the states times W_out.
    Caveats: the states forget where they began only if W is small enough: its largest singular value below one
        suffices with a = 1. Drop the first states, which remember h_0.
    Raises: VocabularyError where shapes do not match, the leak is not in (0, 1] or the ridge is negative.
    Source: Jaeger 2001; Lukoševičius 2012; vocabulary line 4921.

    >>> delay = Reservoir(jax.numpy.array([[0.1, 0.0]]), jax.numpy.array([[0.0, 1.0], [0.0, 0.0]]))
    >>> x = jax.numpy.sin(jax.numpy.arange(30.0)).reshape(1, 30, 1)
    >>> late = jax.numpy.roll(x, 1, axis=1).at[:, 0].set(0)
    >>> weights = esn(x, delay, late)  # the second unit has the input of one token ago
    >>> bool(weights[1, 0] > 20 * abs(weights[0, 0]))
    True
    """
    sizes = expect.axes(x=(x, "batch tokens channels"), targets=(targets, "batch tokens out"))
    expect.within("leak", leak, 0.0, 1.0, open_below=True)
    expect.not_negative("ridge", ridge)
    states = reservoir_states(x, reservoir, leak=leak).reshape(sizes["batch"] * sizes["tokens"], -1)
    covariance = states.T @ states + ridge * jnp.eye(states.shape[1])
    return jnp.linalg.solve(covariance, states.T @ targets.reshape(states.shape[0], -1))


def reservoir_states(
    x: jax.Array, reservoir: Reservoir, *, leak: float = 1.0, start: jax.Array | float = 0.0
) -> jax.Array:
    """The states that :func:`esn` reads: ``(batch, tokens, channels) -> (batch, tokens, units)``."""
    expect.axes(x=(x, "batch tokens channels"), W_in=(reservoir.inputs, "channels units"))
    units = expect.axes(W=(reservoir.recurrent, "units units"))["units"]

    def step(state: jax.Array, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        state = (1 - leak) * state + leak * jnp.tanh(state @ reservoir.recurrent + x @ reservoir.inputs)
        return state, state

    return unroll(step, jnp.broadcast_to(start, (x.shape[0], units)).astype(x.dtype), x)[1]
