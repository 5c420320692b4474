"""What must hold of liquids and of flows along a field."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
from scipy.linalg import expm, expm_frechet

from netspec.vocabulary import continuous
from netspec.vocabulary.cases import Case, apart
from netspec.vocabulary.programs import compiled, pullback
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
