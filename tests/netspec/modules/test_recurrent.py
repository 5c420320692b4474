"""Recurrent states by their own equations, and single layers that PyTorch's recorded ones have no room for."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from lone_modules import build, draw

from netspec import LayerError
from netspec import layers as L


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def gates(module, token, state):
    """Both maps of one token and state."""
    inputs, states = (
        np.asarray(x) @ np.asarray(linear.kernel[...]) + np.asarray(linear.bias[...])
        for x, linear in ((token, module.inputs), (state, module.states))
    )
    return inputs, states


def test_an_lstm_keeps_a_cell_beside_its_state():
    module = build(L.Recurrent(4, 3))
    module.states.bias[...] = jnp.arange(12.0) / 10
    (x,) = draw((5, 4))
    state = cell = np.zeros((2, 3))
    for token, found in zip(np.moveaxis(np.asarray(x), 1, 0), np.moveaxis(np.asarray(module(x)), 1, 0), strict=True):
        keep, forget, new, out = np.split(sum(gates(module, token, state)), 4, axis=-1)
        cell = sigmoid(forget) * cell + sigmoid(keep) * np.tanh(new)
        state = sigmoid(out) * np.tanh(cell)
        np.testing.assert_allclose(found, state, atol=1e-6)


def test_a_gru_resets_what_the_state_says_bias_included():
    module = build(L.Recurrent(4, 3, "gru"))
    module.states.bias[...] = jnp.arange(9.0) / 10
    (x,) = draw((5, 4))
    state = np.zeros((2, 3))
    for token, found in zip(np.moveaxis(np.asarray(x), 1, 0), np.moveaxis(np.asarray(module(x)), 1, 0), strict=True):
        (reset, update, new), (reset_by, update_by, new_by) = (np.split(x, 3, -1) for x in gates(module, token, state))
        kept = sigmoid(update + update_by)
        state = (1 - kept) * np.tanh(new + sigmoid(reset + reset_by) * new_by) + kept * state
        np.testing.assert_allclose(found, state, atol=1e-6)


@pytest.mark.parametrize(
    "layer", [L.Recurrent(4, 3), L.Recurrent(4, 3, "gru"), L.MultiHeadAttention(4, 2, causal=True)]
)
def test_later_tokens_change_nothing(layer):
    module = build(layer)
    (x,) = draw((5, 4))
    later = x.at[:, 3:].set(7.0)
    np.testing.assert_allclose(module(later)[:, :3], module(x)[:, :3], atol=1e-6)
    assert np.abs(module(later)[:, 3:] - module(x)[:, 3:]).max() > 1e-2


def test_a_memory_has_no_later_tokens():
    with pytest.raises(LayerError, match="a memory has no order with what arrives: arrived causal=True"):
        L.MultiHeadAttention(4, 2, "memory", causal=True).check()


def test_a_window_of_zeros_has_a_root_and_a_gradient():
    pool = build(L.LpPool(2, 2))
    x = jnp.zeros((1, 4, 2, 1)).at[0, 2, 0, 0].set(3.0).at[0, 3, 1, 0].set(4.0)
    np.testing.assert_allclose(pool(x).ravel(), [0, 5], atol=1e-6)
    slope = jax.grad(lambda x: pool(x).sum())(x)
    np.testing.assert_allclose(slope[0, :, :, 0], [[0, 0], [0, 0], [0.6, 0], [0, 0.8]], atol=1e-6)


def test_vectors_get_length_one_and_zeros_stay():
    unit = build(L.UnitLength())
    np.testing.assert_allclose(unit(jnp.asarray([[[3.0, -4.0], [0.0, 0.0]]])), [[[0.6, -0.8], [0, 0]]], atol=1e-7)
    assert np.isfinite(jax.grad(lambda x: unit(x).sum())(jnp.zeros((1, 1, 2)))).all()
    with pytest.raises(LayerError, match="a length is divided by: arrived shortest=0"):
        L.UnitLength(0.0).check()
