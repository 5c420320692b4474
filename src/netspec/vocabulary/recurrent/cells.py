"""Cells: what becomes of the state when a token is read."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx

from netspec.vocabulary import expect
from netspec.vocabulary.recurrent.unrolled import Cell, unroll


class Weights(NamedTuple):
    """What a cell learns: ``kernel`` (channels, n·features), ``recurrent`` (features, n·features), ``bias``.

    n is 1 for the plain cell, 3 for the GRU (reset, update, new) and 4 for the LSTM (input, forget, new, output).
    """

    kernel: jax.Array
    recurrent: jax.Array
    bias: jax.Array


def rnn(inputs: jax.Array, state: jax.Array, weights: Weights) -> tuple[jax.Array, jax.Array]:
    """Read a sequence with a memory of fixed size, which each token rewrites as a whole.

    Formula: h_t = tanh(W x_t + U h_{t−1} + b)
    Shapes: inputs (batch, tokens, channels), state (batch, features); leaves the last state and all of them.
    Parameters: channels·features + features² + features.
    Cost: channels·features + features² multiply-adds a token, one token after the other.
    Training: as in evaluation; the gradient over a distance is a product of as many Jacobians and vanishes or explodes.
    Caveats: the cell is flax's; PyTorch's has a second bias, which is redundant.
    Raises: VocabularyError where shapes do not match.
    Source: Elman 1990, fig. 2; vocabulary line 2105.

    >>> half = Weights(jax.numpy.zeros((1, 1)), jax.numpy.full((1, 1), 0.5), jax.numpy.zeros(1))
    >>> last, _ = rnn(jax.numpy.zeros((1, 2, 1)), jax.numpy.ones((1, 1)), half)
    >>> round(last.item(), 4)  # tanh(tanh(0.5) / 2)
    0.227
    """
    return unroll(_cell(nnx.SimpleCell, inputs, state, weights, 1), state, inputs)


def lstm(
    inputs: jax.Array, state: tuple[jax.Array, jax.Array], weights: Weights
) -> tuple[tuple[jax.Array, jax.Array], jax.Array]:
    """Carry information over many tokens: a cell that is added to, with gates that open and close to keep it.

    Formula: i, f, o = σ(·); g = tanh(·); c_t = f ⊙ c_{t−1} + i ⊙ g; h_t = o ⊙ tanh(c_t)
    Shapes: inputs (batch, tokens, channels), state (c, h) of (batch, features) each; leaves the last pair and all h.
    Parameters: 4·(channels·features + features² + features).
    Cost: 4·features·(channels + features) multiply-adds a token, one token after the other.
    Training: as in evaluation; the forget gate's bias often starts at one, so that the cell keeps at first.
    Caveats: PyTorch's layer has two biases of which one is redundant, and so 4·features parameters more.
    Raises: VocabularyError where shapes do not match.
    Source: Hochreiter and Schmidhuber 1997; Gers et al. 2000 for the forget gate; vocabulary line 2114.

    >>> kept = Weights(*(jax.numpy.zeros((1, 4)),) * 2, jax.numpy.array([-99.0, 99.0, 0.0, 99.0]))
    >>> (cell, _), _ = lstm(jax.numpy.ones((1, 50, 1)), (jax.numpy.full((1, 1), 0.7), jax.numpy.zeros((1, 1))), kept)
    >>> round(cell.item(), 4)
    0.7
    """
    expect.axes(c=(state[0], "batch features"), h=(state[1], "batch features"))
    return unroll(_cell(nnx.OptimizedLSTMCell, inputs, state[1], weights, 4), state, inputs)


def gru(inputs: jax.Array, state: jax.Array, weights: Weights) -> tuple[jax.Array, jax.Array]:
    """Do what the LSTM does with one state and two gates: keep a part of it, and write the rest anew.

    Formula: r, z = σ(·); n = tanh(W_n x_t + b_n + r ⊙ (U_n h_{t−1})); h_t = (1 − z) ⊙ n + z ⊙ h_{t−1}
    Shapes: inputs (batch, tokens, channels), state (batch, features); leaves the last state and all of them.
    Parameters: 3·(channels·features + features² + features).
    Cost: 3·features·(channels + features) multiply-adds a token, one token after the other.
    Training: as in evaluation.
    Caveats: the reset gate acts behind the product with U_n, as in cuDNN; Cho et al. apply it to h before. PyTorch has
        a second bias, which here is not redundant in n.
    Raises: VocabularyError where shapes do not match.
    Source: Cho et al. 2014 [arXiv:1406.1078], eqs. 5-8; vocabulary line 2123.

    >>> kept = Weights(*(jax.numpy.zeros((1, 3)),) * 2, jax.numpy.array([0.0, 99.0, 0.0]))
    >>> last, _ = gru(jax.numpy.ones((1, 50, 1)), jax.numpy.full((1, 1), 0.25), kept)
    >>> last.item()
    0.25
    """
    return unroll(_cell(nnx.GRUCell, inputs, state, weights, 3), state, inputs)


def _cell(kind: Any, inputs: jax.Array, state: jax.Array, weights: Weights, gates: int) -> Cell:
    """A cell of flax.nnx with these weights in place of drawn ones."""
    sizes = expect.axes(inputs=(inputs, "batch tokens channels"), state=(state, "batch features"))
    features = sizes["features"]
    wide = expect.axes({"width": gates * features, **sizes}, kernel=(weights.kernel, "channels width"))
    expect.axes(wide, recurrent=(weights.recurrent, "features width"), bias=(weights.bias, "width"))
    made: Cell = kind(
        sizes["channels"],
        features,
        dtype=jnp.result_type(inputs, *weights),
        kernel_init=lambda *_: weights.kernel,
        recurrent_kernel_init=lambda *_: weights.recurrent,
        bias_init=lambda *_: weights.bias,
        rngs=nnx.Rngs(0),
    )
    return made
