"""Cells."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from netspec.vocabulary import recurrent
from netspec.vocabulary.cases import Case, apart, wrong
from netspec.vocabulary.programs import program
from netspec.vocabulary.properties import plain
from netspec.vocabulary.properties.plain import ROUNDING
from netspec.vocabulary.properties.recurrent.shared import FEATURES, drawn_inputs, drawn_state, drawn_weights
from netspec.vocabulary.recurrent import Weights
from netspec.vocabulary.term import Implementation, Mistake, Property, Term


def _rnn_loop(network: Implementation, case: Case) -> float:
    case = plain.few(case)
    w, x, h = drawn_weights(case, 1), drawn_inputs(case), drawn_state(case)
    last, outputs = program(network)(x, h, w)
    each = []
    for t in range(case.tokens):
        h = np.tanh(x[:, t] @ w.kernel + h @ w.recurrent + w.bias)
        each.append(h)
    return max(apart(outputs, np.stack(each, 1)), apart(last, h))


def _contracts(network: Implementation, case: Case) -> float:
    """∂h_T/∂h_0, by finite differences, is at most ‖U‖^T in the spectral norm."""
    case = plain.ordinary(case)
    w, x = drawn_weights(case, 1), drawn_inputs(case)[:1]
    w = w._replace(recurrent=0.5 * w.recurrent / np.linalg.norm(w.recurrent, 2))
    run, h, pace = program(network), drawn_state(case)[:1], 1e-6
    ahead = [run(x, h + pace * np.eye(FEATURES)[[unit]], w)[0] for unit in range(FEATURES)]
    slope = (np.concatenate(ahead) - np.asarray(run(x, h, w)[0])) / pace
    return wrong(np.linalg.norm(slope, 2) <= 0.5**case.tokens * (1 + 1e-3))


def _rewired_rnn(**options: Any) -> Implementation:
    """flax's cell with other options."""

    def network(inputs: Any, state: Any, w: Weights) -> Any:
        cell = nnx.SimpleCell(
            inputs.shape[-1],
            state.shape[-1],
            dtype=jnp.float64,
            kernel_init=lambda *_: w.kernel,
            recurrent_kernel_init=lambda *_: w.recurrent,
            bias_init=lambda *_: w.bias,
            rngs=nnx.Rngs(0),
            **options,
        )
        return recurrent.unroll(cell, state, inputs)

    return network


PLAIN = Term(
    "rnn",
    recurrent.rnn,
    (
        Property(
            "It is the loop h ← tanh(x W + h U + b).",
            _rnn_loop,
            ROUNDING,
            (
                Mistake("the state added to what is squashed", _rewired_rnn(residual=True)),
                Mistake("a ReLU", _rewired_rnn(activation_fn=jax.nn.relu)),
            ),
        ),
        Property(
            "Where ‖U‖ = ½ the last state depends on the first by at most ½^T.",
            _contracts,
            0.0,
            (Mistake("the state added to what is squashed", _rewired_rnn(residual=True)),),
        ),
    ),
)


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def _lstm_loop(network: Implementation, case: Case) -> float:
    case = plain.few(case)
    w, x, c, h = drawn_weights(case, 4), drawn_inputs(case), drawn_state(case), drawn_state(case, 8)
    (cell, last), outputs = program(network)(x, (c, h), w)
    each = []
    for t in range(case.tokens):
        i, f, g, o = np.split(x[:, t] @ w.kernel + h @ w.recurrent + w.bias, 4, axis=-1)
        c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
        h = _sigmoid(o) * np.tanh(c)
        each.append(h)
    return max(apart(outputs, np.stack(each, 1)), apart(cell, c), apart(last, h))


def _keeps(network: Implementation, case: Case) -> float:
    """With the forget gate open and the input gate shut the cell stays as it was."""
    case = plain.few(case)
    w, x, c = drawn_weights(case, 4), drawn_inputs(case), drawn_state(case)
    w = Weights(0 * w.kernel, 0 * w.recurrent, np.repeat([-800.0, 800.0, 1.0, 0.0], FEATURES))
    (cell, last), _ = program(network)(x, (c, 0 * c), w)
    return max(apart(cell, c), apart(last, np.tanh(c) / 2))


def _gates(order: tuple[int, ...], network: Implementation) -> Implementation:
    """The gates of the weights in another order."""

    def dealt(inputs: Any, state: Any, w: Weights) -> Any:
        parts = (jnp.concatenate([jnp.split(part, len(order), -1)[i] for i in order], -1) for part in w)
        return network(inputs, state, Weights(*parts))

    return dealt


LSTM = Term(
    "lstm",
    recurrent.lstm,
    (
        Property(
            "It is the loop over its gates i, f, g, o.",
            _lstm_loop,
            ROUNDING,
            (
                Mistake("input and forget gate exchanged", _gates((1, 0, 2, 3), recurrent.lstm)),
                Mistake("cell and output exchanged at the start", lambda x, s, w: recurrent.lstm(x, s[::-1], w)),
            ),
        ),
        Property(
            "With the forget gate open and the input gate shut the cell is kept over any length.",
            _keeps,
            ROUNDING,
            (Mistake("input and forget gate exchanged", _gates((1, 0, 2, 3), recurrent.lstm)),),
        ),
    ),
)


def _gru_loop(network: Implementation, case: Case) -> float:
    case = plain.few(case)
    w, x, h = drawn_weights(case, 3), drawn_inputs(case), drawn_state(case)
    last, outputs = program(network)(x, h, w)
    each = []
    for t in range(case.tokens):
        (xr, xz, xn), (hr, hz, hn) = np.split(x[:, t] @ w.kernel + w.bias, 3, -1), np.split(h @ w.recurrent, 3, -1)
        z = _sigmoid(xz + hz)
        h = (1 - z) * np.tanh(xn + _sigmoid(xr + hr) * hn) + z * h
        each.append(h)
    return max(apart(outputs, np.stack(each, 1)), apart(last, h))


def _copies(network: Implementation, case: Case) -> float:
    """With the update gate at one the state is copied, at zero and without reset it is tanh(W x + b)."""
    case = plain.few(case)
    w, x, h = drawn_weights(case, 3), drawn_inputs(case), drawn_state(case)
    zero = 0 * w.recurrent
    kept, _ = program(network)(x, h, Weights(0 * w.kernel, zero, np.repeat([0.0, 800.0, 1.0], FEATURES)))
    fresh, _ = program(network)(
        x, h, Weights(w.kernel * np.repeat([0, 0, 1], FEATURES), zero, np.repeat([0.0, -800, 1], FEATURES))
    )
    return max(apart(kept, h), apart(fresh, np.tanh(x[:, -1] @ w.kernel[:, -FEATURES:] + 1)))


def _torch_like(inputs: Any, state: Any, w: Weights) -> Any:
    """z and 1 − z exchanged, as half of the literature writes it."""
    turned = np.repeat([1.0, -1.0, 1.0], FEATURES)
    return recurrent.gru(inputs, state, Weights(*(part * turned for part in w)))


GRU = Term(
    "gru",
    recurrent.gru,
    (
        Property(
            "It is the loop over its gates r, z and its candidate n.",
            _gru_loop,
            ROUNDING,
            (
                Mistake("reset and update gate exchanged", _gates((1, 0, 2), recurrent.gru)),
                Mistake("z and 1 − z exchanged", _torch_like),
            ),
        ),
        Property(
            "With z = 1 it copies its state, with z = 0 and no U it is tanh(W x + b).",
            _copies,
            ROUNDING,
            (Mistake("z and 1 − z exchanged", _torch_like),),
        ),
    ),
)
