"""What must hold of recurrent cells in continuous time."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax.numpy as jnp
import numpy as np
from scipy.special import expit

from netspec.vocabulary import continuous
from netspec.vocabulary.cases import Case, apart, wrong
from netspec.vocabulary.programs import compiled
from netspec.vocabulary.term import Implementation, Mistake, Property, Term

WIDTH, TAU = 3, np.array([0.5, 1.0, 2.0])


def _recurrent(case: Case) -> tuple[np.ndarray, ...]:
    return (
        case.normal(6, 2, 2),
        case.normal(2, WIDTH, seed=1),
        case.normal(2, WIDTH, seed=2),
        case.normal(WIDTH, WIDTH, seed=3),
        case.normal(WIDTH, seed=4),
    )


def _euler(
    x: Any, h: Any, inner: Any, outer: Any, bias: Any, tau: Any, dt: float, act: Any = None, kind: str = ""
) -> Any:
    """Step by step in numpy."""
    after = []
    for now in x:
        slope = np.tanh(now @ inner + h @ outer + bias) - (0 if kind == "no leak" else h)
        h = h + dt * (slope * tau if kind == "multiplied" else slope / tau)
        after.append(h)
    return np.stack(after)


_by_steps: Implementation = _euler


def _recurrence(kind: str) -> Implementation:
    return partial(_euler, kind=kind)


def _as_euler(rnn: Implementation, case: Case) -> float:
    args: tuple[Any, ...] = (*_recurrent(case), TAU, 0.1)
    return apart(compiled(rnn, 7)(*args, jnp.tanh), _by_steps(*args))


def _relaxes(rnn: Implementation, case: Case) -> float:
    """No recurrence, one input: what separates the state from where it is driven shrinks by 1 − dt/τ a step."""
    x, h, inner, outer, bias = _recurrent(case)
    x = np.broadcast_to(x[:1], x.shape)
    end = np.tanh(x[0] @ inner + bias)
    left = (1 - 0.1 / TAU) ** np.arange(1, len(x) + 1)[:, None, None]
    return apart(compiled(rnn, 7)(x, h, inner, 0 * outer, bias, TAU, 0.1, jnp.tanh), end + left * (h - end))


def _plain(rnn: Implementation, case: Case) -> float:
    """A step as long as the time constant: h' = tanh(x W + h U + b)."""
    x, h, inner, outer, bias = _recurrent(case)
    expected = []
    for now in x:
        h = np.tanh(now @ inner + h @ outer + bias)
        expected.append(h)
    args = (x, _recurrent(case)[1], inner, outer, bias)
    return apart(compiled(rnn, 7)(*args, np.full(WIDTH, 0.7), 0.7, jnp.tanh), np.stack(expected))


CT_RNN = Term(
    "ct-rnn",
    continuous.ct_rnn,
    (
        Property(
            "It is Euler's method for τ dh/dt = −h + f(x W + h U + b).",
            _as_euler,
            1e-12,
            (Mistake("no leak", _recurrence("no leak")), Mistake("τ in the numerator", _recurrence("multiplied"))),
        ),
        Property(
            "Without recurrence, a constant input is approached by a factor of 1 − dt/τ a step.",
            _relaxes,
            1e-12,
            (Mistake("no leak", _recurrence("no leak")),),
        ),
        Property(
            "With a step as long as its time constant it is a plain recurrent network.",
            _plain,
            1e-12,
            (Mistake("no leak", _recurrence("no leak")),),
        ),
    ),
)


def _heads(case: Case) -> tuple[np.ndarray, ...]:
    kernels, biases = case.normal(3, 2 + WIDTH, WIDTH, seed=2), case.normal(3, WIDTH, seed=3)
    return case.normal(4, 2), case.normal(4, WIDTH, seed=1), kernels, biases


def _parts(case: Case) -> tuple[np.ndarray, ...]:
    x, h, kernels, biases = _heads(case)
    f, g, k = (np.concatenate([x, h], 1) @ kernel + bias for kernel, bias in zip(kernels, biases, strict=True))
    return f, np.tanh(g), np.tanh(k)


def _closed(cell: Implementation, case: Case) -> float:
    """k, and of g − k a share that shrinks as 1 / (1 + exp(f t))."""
    x, h, kernels, biases = _heads(case)
    (f, g, k), t = _parts(case), case.uniform(4, high=3.0, seed=4)
    expected = k + (g - k) / (1 + np.exp(f * t[:, None]))
    return apart(compiled(cell, 5)(x, h, t, kernels, biases, jnp.tanh), expected)


def _limits(cell: Implementation, case: Case) -> float:
    """At once the mean, in the end k where f is positive and g where it is negative."""
    x, h, kernels, biases = _heads(case)
    f, g, k = _parts(case)
    at_once = compiled(cell, 5)(x, h, np.zeros(4), kernels, biases, jnp.tanh)
    late = compiled(cell, 5)(x, h, np.full(4, 1e9), kernels, biases, jnp.tanh)
    return max(apart(at_once, (g + k) / 2), apart(late, np.where(f > 0, k, g)))


def _gated(kind: str) -> Implementation:
    def cell(x: Any, h: Any, t: Any, kernels: Any, biases: Any, activation: Any) -> Any:
        f, g, k = np.einsum("bi,kiw->kbw", np.concatenate([x, h], 1), kernels) + biases[:, None]
        gate = expit({"sign": f * t[:, None], "no time": -f}.get(kind, -f * t[:, None]))
        return gate * np.tanh(g) + (gate if kind == "one gate" else 1 - gate) * np.tanh(k)

    return cell


CFC = Term(
    "cfc",
    continuous.cfc,
    (
        Property(
            "It is k and a share of g − k that fades as 1 / (1 + exp(f t)).",
            _closed,
            1e-12,
            (
                Mistake("the sign of f t turned", _gated("sign")),
                Mistake("no time in the gate", _gated("no time")),
                Mistake("the same gate for both", _gated("one gate")),
            ),
        ),
        Property(
            "At once it is the mean of g and k, in the end k where f is positive and g where it is negative.",
            _limits,
            1e-12,
            (Mistake("the sign of f t turned", _gated("sign")), Mistake("no time in the gate", _gated("no time"))),
        ),
    ),
)


def _driven_unit(case: Case) -> tuple[np.ndarray, ...]:
    return (
        case.normal(2, 2),
        case.normal(2, WIDTH, seed=1),
        case.normal(2 + WIDTH, WIDTH, seed=2),
        case.normal(WIDTH, seed=3),
        case.normal(WIDTH, seed=4),
    )


def _implicit(unit: Implementation, case: Case) -> float:
    """One step: the slope is that where the step ends, but for f."""
    x, h, kernel, bias, target = _driven_unit(case)
    after = np.asarray(compiled(unit, 7)(x, h, kernel, bias, target, TAU, 0.3, 1))
    f = expit(np.concatenate([x, h], 1) @ kernel + bias)
    return apart(after, h + 0.3 * (-(1 / TAU + f) * after + f * target))


def _exact(unit: Implementation, case: Case) -> float:
    """f without h: twice the steps, half the error against the exact exponential, to within a tenth."""
    x, h, kernel, bias, target = _driven_unit(case)
    kernel = kernel * (np.arange(len(kernel)) < 2)[:, None]
    f = expit(x @ kernel[:2] + bias)
    end, rate = f * target / (1 / TAU + f), 1 / TAU + f
    exact = end + (h - end) * np.exp(-0.5 * rate)
    errors = []
    for unfolds in (12, 24):
        found = compiled(unit, 7)(x, h, kernel, bias, target, TAU, 0.5, unfolds)
        errors.append(np.abs(np.asarray(found) - exact).max())
    return abs(errors[0] / errors[1] - 2)


def _bounded(unit: Implementation, case: Case) -> float:
    """A start between 0 and A, and long steps."""
    x, _, kernel, bias, target = _driven_unit(case)
    h = case.uniform(2, WIDTH) * target
    after = np.asarray(compiled(unit, 7)(x, h, kernel, bias, target, TAU, 50.0, 1))
    return wrong((after >= np.minimum(0, target)) & (after <= np.maximum(0, target)))


def _unfolded(kind: str) -> Implementation:
    def unit(x: Any, h: Any, kernel: Any, bias: Any, target: Any, tau: Any, dt: float, unfolds: int) -> Any:
        size = dt / unfolds
        for _ in range(unfolds):
            f = expit(np.concatenate([x, h], 1) @ kernel + bias)
            if kind == "explicit":
                h = h + size * (-(1 / tau + f) * h + f * target)
            elif kind == "one time constant":
                h = (h + size * f * target) / (1 + size / tau)
            else:
                h = (h + size * f) / (1 + size * (1 / tau + f))
        return h

    return unit


LTC = Term(
    "ltc",
    continuous.ltc,
    (
        Property(
            "A step satisfies its equation with the state where the step ends.",
            _implicit,
            1e-12,
            (
                Mistake("the state where the step begins", _unfolded("explicit")),
                Mistake("a time constant that does not change", _unfolded("one time constant")),
                Mistake("no target", _unfolded("no target")),
            ),
        ),
        Property(
            "Twice the steps, half the error against the exact solution, to within a tenth.",
            _exact,
            0.2,
            (
                Mistake("a time constant that does not change", _unfolded("one time constant")),
                Mistake("no target", _unfolded("no target")),
            ),
        ),
        Property(
            "The state stays between zero and its target, however long the step.",
            _bounded,
            0.0,
            (Mistake("the state where the step begins", _unfolded("explicit")),),
        ),
    ),
)
