"""What must hold of networks in continuous time."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from scipy.linalg import expm, expm_frechet
from scipy.special import expit

from netspec.vocabulary import continuous
from netspec.vocabulary.cases import Case, apart, compiled, pullback, wrong
from netspec.vocabulary.spiking import neurons
from netspec.vocabulary.term import Implementation, Mistake, Property, Term

STEPS, LIQUID = 40, 5


def _liquid(case: Case, strength: float = 0.6) -> tuple[np.ndarray, continuous.Liquid]:
    inner, outer = 0.5 * case.normal(2, LIQUID, seed=1), strength * case.normal(LIQUID, LIQUID, seed=2)
    return case.normal(STEPS, 2), continuous.Liquid(inner, outer, tau=6.0, tau_trace=9.0)


def _stirred(x: Any, liquid: continuous.Liquid, kind: str = "right") -> np.ndarray:
    """Step by step in numpy; ``kind`` names what is wrong."""
    v, spikes, trace = (np.zeros(liquid.outer.shape[0]) for _ in range(3))
    seen = []
    for now in x:
        v = np.exp(-1 / liquid.tau) * v + now @ liquid.inner + (0 if kind == "apart" else spikes @ liquid.outer)
        spikes = (v >= 1).astype(float)
        trace = (1 if kind == "stays" else np.exp(-1 / liquid.tau_trace)) * trace + spikes
        seen.append(trace)
        v = v - spikes if kind == "subtracted" else np.where(spikes > 0, 0, v)
    return np.array(seen)


def _stirring(kind: str) -> Implementation:
    return lambda x, liquid: _stirred(x, liquid, kind)


def _neuron_by_neuron(liquid_state: Implementation, case: Case) -> float:
    return apart(liquid_state(*_liquid(case)), _stirred(*_liquid(case)))


def _unconnected(liquid_state: Implementation, case: Case) -> float:
    """Neurons that do not hear each other: leaky integrate-and-fire, their spikes summed with fading weights."""
    x, liquid = _liquid(case, 0.0)
    resistance = 1 / (1 - np.exp(-1 / liquid.tau))
    spikes = np.asarray(neurons.lif(x @ liquid.inner, tau=liquid.tau, resistance=resistance)[0])
    lag = np.arange(STEPS)[:, None] - np.arange(STEPS)
    fading = np.where(lag >= 0, np.exp(-np.maximum(lag, 0) / liquid.tau_trace), 0)
    return apart(liquid_state(x, liquid), fading @ spikes)


LIQUID_STATE = Term(
    "lsm",
    continuous.liquid_state,
    (
        Property(
            "Step by step neurons leak, add up input and spikes, fire and leave a trace.",
            _neuron_by_neuron,
            1e-12,
            (
                Mistake("neurons that do not hear each other", _stirring("apart")),
                Mistake("traces that stay", _stirring("stays")),
            ),
        ),
        Property(
            "Neurons that do not hear each other are leaky integrate-and-fire neurons.",
            _unconnected,
            1e-12,
            (Mistake("the threshold taken off in place of the reset", _stirring("subtracted")),),
        ),
    ),
)


def _linear(matrix: Any, h: Any, t: Any) -> Any:
    return matrix @ h


def _driven(rate: Any, h: Any, t: Any) -> Any:
    return rate * t * h


def _system(case: Case) -> tuple[np.ndarray, np.ndarray]:
    return 0.5 * case.normal(3, 3), case.normal(3, seed=1)


def _order(solve: Implementation, case: Case) -> float:
    """By how much the logarithm of the ratio of two errors, at a step and at half of it, misses four."""
    matrix, h = _system(case)
    exact, run = expm(matrix) @ h, compiled(solve, 0, 5)
    errors = [float(np.abs(np.asarray(run(_linear, matrix, h, 0.0, 1.0, steps)) - exact).max()) for steps in (32, 64)]
    return abs(float(np.log2(errors[0] / errors[1])) - 4)


def _in_time(solve: Implementation, case: Case) -> float:
    """dh/dt = r t h from 0.5 to 1.5: h exp(r), as (1.5² − 0.5²) / 2 is 1."""
    h = case.normal(3)
    return apart(compiled(solve, 0, 5)(_driven, 0.7, h, 0.5, 1.5, 32), np.exp(0.7) * h)


def _back_in_time(solve: Implementation, case: Case) -> float:
    """The gradient of the matrix, by the derivative of the matrix exponential."""
    matrix, h = _system(case)
    cotangent = case.normal(3, seed=2)
    found = pullback(solve, 1, 0, 5)(cotangent, _linear, matrix, h, 0.0, 1.0, 64)
    return apart(found, expm_frechet(matrix.T, np.outer(cotangent, h), compute_expm=False))


def _stepped(kind: str) -> Implementation:
    """Other methods in numpy."""

    def solve(field: Any, parameters: Any, h: Any, t0: float, t1: float, steps: int) -> Any:
        size = (t1 - t0) / steps
        for index in range(steps):
            t = t0 if kind == "time stands" else t0 + size * index
            end = 0.0 if kind == "time stands" else size
            k1 = field(parameters, h, t)
            k2 = field(parameters, h + size / 2 * k1, t + end / 2)
            k3 = field(parameters, h + size / 2 * k2, t + end / 2)
            k4 = field(parameters, h + size * k3, t + end)
            weights = {"Euler": (1, 0, 0, 0), "midpoint": (0, 1, 0, 0), "equal": (1 / 4, 1 / 4, 1 / 4, 1 / 4)}
            shares = weights.get(kind, (1 / 6, 1 / 3, 1 / 3, 1 / 6))
            h = h + size * sum(share * k for share, k in zip(shares, (k1, k2, k3, k4), strict=True))
        return h

    return solve


def _last_step_only(field: Any, parameters: Any, h: Any, t0: float, t1: float, steps: int) -> Any:
    middle = t1 - (t1 - t0) / steps
    before = continuous.neural_ode(field, jax.lax.stop_gradient(parameters), h, t0, middle, steps - 1)
    return continuous.neural_ode(field, parameters, before, middle, t1, 1)


FLOW = Term(
    "neural-ode",
    continuous.neural_ode,
    (
        Property(
            "Half the step makes the error a sixteenth: it falls with the fourth power, to within a tenth.",
            _order,
            0.1,
            (
                Mistake("Euler's method", _stepped("Euler")),
                Mistake("the midpoint method", _stepped("midpoint")),
                Mistake("the four slopes weighed alike", _stepped("equal")),
            ),
        ),
        Property(
            "A field that depends on time is followed through time.",
            _in_time,
            1e-6,
            (Mistake("time stands still", _stepped("time stands")),),
        ),
        Property(
            "Its gradient is that of the flow: the derivative of a matrix exponential where the field is linear.",
            _back_in_time,
            1e-7,
            (Mistake("the gradient of the last step", _last_step_only),),
        ),
    ),
)

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

TERMS = (LIQUID_STATE, FLOW, CT_RNN, CFC, LTC)
