"""The gradient through time, and runs from both ends."""

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
from netspec.vocabulary.term import Implementation, Mistake, Property, Term


def _tanh_cell(parameters: Any, state: Any, x: Any) -> tuple[Any, Any]:
    new = jnp.tanh(x @ parameters["W"] + state @ parameters["U"])
    return new, new


def _gradient(found: Implementation, case: Case, truncate: int | None) -> dict[str, np.ndarray]:
    w = drawn_weights(case, 1)
    run = program(found, 0, 1, "truncate")
    parameters = {"U": w.recurrent, "W": w.kernel}
    return run(_weighed, _tanh_cell, parameters, drawn_state(case), drawn_inputs(case), truncate=truncate)


def _weighing(tokens: int) -> np.ndarray:
    """How much each output counts in the loss, (tokens, features)."""
    return np.cos(np.arange(tokens * FEATURES)).reshape(tokens, FEATURES)


def _weighed(state: Any, outputs: Any) -> Any:
    return jnp.sum(_weighing(outputs.shape[1]) * outputs)


def _by_hand(case: Case, span: int) -> dict[str, np.ndarray]:
    """Back through the steps with what each passes to the one before: dh = (g + dh_later Uᵀ) ⊙ (1 − h²)."""
    w, x, g = drawn_weights(case, 1), drawn_inputs(case), _weighing(case.tokens)
    states = [drawn_state(case)]
    for t in range(case.tokens):
        states.append(np.tanh(x[:, t] @ w.kernel + states[-1] @ w.recurrent))
    slopes, later = {"U": np.zeros_like(w.recurrent), "W": np.zeros_like(w.kernel)}, 0 * states[0]
    for t in reversed(range(case.tokens)):
        inner = (g[t] + later) * (1 - states[t + 1] ** 2)
        slopes["U"] += states[t].T @ inner
        slopes["W"] += x[:, t].T @ inner
        later = inner @ w.recurrent.T if t % span else 0 * inner
    return slopes


def _through_time(truncate: int | None) -> Any:
    def residual(found: Implementation, case: Case) -> float:
        case = plain.ordinary(case)
        slopes, expected = _gradient(found, case, truncate), _by_hand(case, truncate or case.tokens)
        return max(apart(slopes[name], expected[name]) for name in expected)

    return residual


def _detached(loss: Any, cell: Any, parameters: Any, state: Any, inputs: Any, truncate: int | None = None) -> Any:
    return recurrent.bptt(loss, cell, parameters, state, inputs, truncate=1)


def _whole(loss: Any, cell: Any, parameters: Any, state: Any, inputs: Any, truncate: int | None = None) -> Any:
    return recurrent.bptt(loss, cell, parameters, state, inputs)


def _only_last(loss: Any, cell: Any, parameters: Any, state: Any, inputs: Any, truncate: int | None = None) -> Any:
    return recurrent.bptt(lambda h, y: loss(h, y.at[:, :-1].set(0)), cell, parameters, state, inputs, truncate=truncate)


THROUGH_TIME = Term(
    "bptt",
    recurrent.bptt,
    (
        Property(
            "It is the hand-derived backward recursion of a tanh network, step by step.",
            _through_time(None),
            1e-11,
            (
                Mistake("states taken for constants", _detached),
                Mistake("the loss of the last token only", _only_last),
            ),
        ),
        Property(
            "Truncated to spans of two it is the recursion that passes nothing back from one span to the other.",
            _through_time(2),
            1e-11,
            (
                Mistake("nothing truncated", _whole),
                Mistake("states taken for constants", _detached),
            ),
        ),
    ),
)


def _linear_cell(rate: float, channels: int) -> nnx.SimpleCell:
    """flax's cell with h ← rate·h + x."""
    return nnx.SimpleCell(
        channels,
        channels,
        dtype=jnp.float64,
        activation_fn=lambda h: h,
        kernel_init=lambda *_: np.eye(channels),
        recurrent_kernel_init=lambda *_: rate * np.eye(channels),
        rngs=nnx.Rngs(0),
    )


def _both_ways(both: Implementation, case: Case) -> Any:
    """The outputs as a function of the inputs, and the weights of past and future in them."""
    zero = jnp.zeros((case.batch, case.channels))

    def run(x: Any) -> Any:
        return both(_linear_cell(0.5, case.channels), _linear_cell(0.25, case.channels), (zero, zero), x)

    return jax.jit(run)


def _reversed_half(both: Implementation, case: Case) -> float:
    case = plain.few(case)
    x = drawn_inputs(case)
    distance = np.arange(case.tokens)[:, None] - np.arange(case.tokens)
    past = np.where(distance >= 0, 0.5 ** np.abs(distance), 0)
    future = np.where(distance <= 0, 0.25 ** np.abs(distance), 0)
    expected = [np.einsum("ts,bsc->btc", weights, x) for weights in (past, future)]
    run = _both_ways(both, case)
    # Every output depends on every token, which the sums above show only as far as they are right.
    return max(apart(run(x), np.concatenate(expected, -1)), wrong(plain.reaches(run, x)))


def _not_turned_back(forward: Any, backward: Any, states: Any, x: Any) -> Any:
    first = recurrent.unroll(forward, states[0], x)[1]
    return jnp.concatenate([first, recurrent.unroll(backward, states[1], x[:, ::-1])[1]], -1)


def _twice_forward(forward: Any, backward: Any, states: Any, x: Any) -> Any:
    runs = [recurrent.unroll(cell, state, x)[1] for cell, state in zip((forward, backward), states, strict=True)]
    return jnp.concatenate(runs, -1)


BIDIRECTIONAL = Term(
    "bidirectional-rnn",
    recurrent.bidirectional,
    (
        Property(
            "Of linear cells its halves are sums over the past and the future, weighted by powers of their rates.",
            _reversed_half,
            ROUNDING,
            (
                Mistake("the backward half left in its own order", _not_turned_back),
                Mistake("both halves forward", _twice_forward),
            ),
        ),
    ),
)
