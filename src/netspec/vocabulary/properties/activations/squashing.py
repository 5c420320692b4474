"""What must hold of softmax, the sigmoid and the hyperbolic tangent, and their forms of straight lines."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
from scipy import special

from netspec.vocabulary import activations
from netspec.vocabulary.cases import Case, apart
from netspec.vocabulary.properties.activations.drawn import inputs, slopes
from netspec.vocabulary.term import Implementation, Mistake, Property, Term

FAR = np.repeat([-800.0, -100.0, 0.0, 100.0, 300.0, 800.0], 4)


def _with_corners(case: Case) -> np.ndarray:
    """Numbers on both sides of the corners at 3, and the corners."""
    x = inputs(case, 4.0)
    x[:3] = -3.0, 0.0, 3.0
    return x


def _softmax(softmax: Implementation, case: Case) -> float:
    z = 3 * case.normal(4, 6)
    return max(apart(softmax(z, axis, 0.7), special.softmax(z / 0.7, axis)) for axis in (0, -1))


def _softmax_shift(softmax: Implementation, case: Case) -> float:
    z = case.normal(4, 6)
    return max(apart(softmax(z + shift), special.softmax(z, -1)) for shift in (-1e4, 1e4))


def _softmax_jacobian(softmax: Implementation, case: Case) -> float:
    z, temperature = case.normal(5), 0.5
    p = special.softmax(z / temperature)
    return apart(_jacobian(softmax)(z), (np.diag(p) - np.outer(p, p)) / temperature)


@cache
def _jacobian(softmax: Implementation) -> Callable[[np.ndarray], jax.Array]:
    return jax.jit(jax.jacfwd(lambda z: softmax(z, -1, 0.5)))


def _log_softmax(log_softmax: Implementation, case: Case) -> float:
    z = 3 * case.normal(4, 6)
    return max(apart(log_softmax(z, axis), z - special.logsumexp(z, axis, keepdims=True)) for axis in (0, -1))


def _log_softmax_far(log_softmax: Implementation, case: Case) -> float:
    return apart(log_softmax(np.array([1e4, 0.0, -1e4])), [0.0, -1e4, -2e4])


def _sigmoid(sigmoid: Implementation, case: Case) -> float:
    x = _with_corners(case)
    return max(apart(sigmoid(x), special.expit(x)), apart(sigmoid(FAR), special.expit(FAR)))


def _sigmoid_slope(sigmoid: Implementation, case: Case) -> float:
    x = inputs(case)
    y = np.asarray(sigmoid(x))
    return max(apart(slopes(sigmoid, x), y * (1 - y)), apart(sigmoid(-x), 1 - y))


def _tanh(tanh: Implementation, case: Case) -> float:
    x = _with_corners(case)
    return max(apart(tanh(x), 2 * special.expit(2 * x) - 1), apart(tanh(FAR), np.sign(FAR)))


def _tanh_slope(tanh: Implementation, case: Case) -> float:
    x = inputs(case)
    return apart(slopes(tanh, x), 1 - np.asarray(tanh(x)) ** 2)


def _hard_swish(hard_swish: Implementation, case: Case) -> float:
    x = _with_corners(case)
    return apart(hard_swish(x), np.where(x <= -3, 0, np.where(x >= 3, x, x * (x + 3) / 6)))


def _hard_swish_parts(hard_swish: Implementation, case: Case) -> float:
    x = _with_corners(case)
    return apart(hard_swish(x) - hard_swish(-x), x)


def _hard_sigmoid(hard_sigmoid: Implementation, case: Case) -> float:
    x = _with_corners(case)
    return apart(hard_sigmoid(x), np.clip((x + 3) / 6, 0, 1))


def _hard_sigmoid_near(hard_sigmoid: Implementation, case: Case) -> float:
    """It agrees with the sigmoid at zero, and is furthest from it where the lines end: there by σ(−3)."""
    x = np.linspace(-8, 8, 1601)
    apart_by = np.abs(np.asarray(hard_sigmoid(x)) - special.expit(x)).max()
    return max(apart(hard_sigmoid(np.zeros(1)), [0.5]), apart(apart_by, _largest_gap()))


def _largest_gap() -> float:
    x = np.linspace(0, 3, 301)
    return float(max((x / 6 + 0.5 - special.expit(x)).max(), (special.expit(x) - x / 6 - 0.5).max()))


def _plainly(z: np.ndarray) -> np.ndarray:
    """A softmax that overflows."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.exp(z) / np.exp(z).sum(-1, keepdims=True)


TERMS = (
    Term(
        "softmax",
        activations.softmax,
        (
            Property(
                "It is the softmax of z/T along the axis that is asked for.",
                _softmax,
                1e-14,
                (
                    Mistake("times the temperature", lambda z, axis, t: special.softmax(z * t, axis)),
                    Mistake("always the last axis", lambda z, axis, t: special.softmax(z / t, -1)),
                    Mistake(
                        "the squares in place of exponentials", lambda z, a, t: z**2 / (z**2).sum(a, keepdims=True)
                    ),
                ),
            ),
            Property(
                "Adding 10⁴ to all scores, or taking it off, changes nothing.",
                _softmax_shift,
                1e-10,
                (
                    Mistake("exponentials as they are", _plainly),
                    Mistake("the mean taken off and a cut", lambda z: jax.nn.softmax(jnp.clip(z, -50, 50))),
                ),
            ),
            Property(
                "Its Jacobian is (diag(p) − p pᵀ) / T.",
                _softmax_jacobian,
                1e-14,
                (
                    Mistake("times the temperature", lambda z, axis, t: jax.nn.softmax(z * t, axis)),
                    Mistake(
                        "a sum that counts as constant",
                        lambda z, axis, t: jnp.exp(z / t) / jax.lax.stop_gradient(jnp.exp(z / t).sum()),
                    ),
                ),
            ),
        ),
    ),
    Term(
        "log-softmax",
        activations.log_softmax,
        (
            Property(
                "It is z less the logarithm of the sum of exponentials, along the axis that is asked for.",
                _log_softmax,
                1e-14,
                (
                    Mistake("less the largest score", lambda z, axis: z - z.max(axis, keepdims=True)),
                    Mistake("always the last axis", lambda z, axis: special.log_softmax(z, -1)),
                    Mistake(
                        "less the sum of logarithms", lambda z, axis: z - np.log(np.abs(z)).sum(axis, keepdims=True)
                    ),
                ),
            ),
            Property(
                "It is finite where probabilities underflow.",
                _log_softmax_far,
                1e-15,
                (
                    Mistake(
                        "the logarithm of the softmax",
                        lambda z: np.log(special.softmax(z), where=special.softmax(z) > 0, out=np.full(3, -np.inf)),
                    ),
                    Mistake("probabilities of at least 1e-12", lambda z: np.log(special.softmax(z) + 1e-12)),
                ),
            ),
        ),
    ),
    Term(
        "sigmoid",
        activations.sigmoid,
        (
            Property(
                "It is the logistic function, without overflow far from zero.",
                _sigmoid,
                1e-15,
                (
                    Mistake("eˣ/(1 + eˣ)", lambda x: _plainly(np.stack([x, 0 * x], -1))[..., 0]),
                    Mistake("straight lines", lambda x: np.clip(x / 6 + 0.5, 0, 1)),
                    Mistake("the distribution of a normal number", special.ndtr),
                ),
            ),
            Property(
                "Its slope is σ(1 − σ), and σ(−x) = 1 − σ(x).",
                _sigmoid_slope,
                1e-14,
                (
                    Mistake("half a hyperbolic tangent of x", lambda x: (1 + jnp.tanh(x)) / 2),
                    Mistake("the exponential of −softplus(x)", lambda x: jnp.exp(-jax.nn.softplus(x))),
                ),
            ),
        ),
    ),
    Term(
        "tanh",
        activations.tanh,
        (
            Property(
                "It is a sigmoid of twice the input, stretched to between −1 and 1.",
                _tanh,
                1e-14,
                (
                    Mistake("a sigmoid of the input, stretched", lambda x: 2 * special.expit(x) - 1),
                    Mistake("cut at one", lambda x: np.clip(x, -1, 1)),
                    Mistake("soft sign", lambda x: x / (1 + np.abs(x))),
                ),
            ),
            Property(
                "Its slope is 1 − tanh².",
                _tanh_slope,
                1e-14,
                (
                    Mistake("1.7159 tanh(2x/3), LeCun's", lambda x: 1.7159 * jnp.tanh(2 * x / 3)),
                    Mistake("the error function", jax.scipy.special.erf),
                ),
            ),
        ),
    ),
    Term(
        "hardswish",
        activations.hard_swish,
        (
            Property(
                "It is 0 up to −3, x from 3 on, and x(x + 3)/6 between.",
                _hard_swish,
                1e-15,
                (
                    Mistake("SiLU", lambda x: x * special.expit(x)),
                    Mistake("the sixth is left out", lambda x: x * np.clip(x + 3, 0, 6)),
                    Mistake("a slope of a fifth in the gate", lambda x: x * np.clip(0.2 * x + 0.5, 0, 1)),
                ),
            ),
            Property(
                "hard_swish(x) − hard_swish(−x) = x.",
                _hard_swish_parts,
                1e-14,
                (
                    Mistake("a gate that closes at −2", lambda x: x * np.clip((x + 2) / 6, 0, 1)),
                    Mistake("the gate not cut above", lambda x: x * np.maximum(x + 3, 0) / 6),
                ),
            ),
        ),
    ),
    Term(
        "hardsigmoid",
        activations.hard_sigmoid,
        (
            Property(
                "It is (x + 3)/6, cut at 0 and 1.",
                _hard_sigmoid,
                1e-15,
                (
                    Mistake("a slope of a fifth, as older libraries have", lambda x: np.clip(0.2 * x + 0.5, 0, 1)),
                    Mistake("the sigmoid", special.expit),
                    Mistake("not cut above", lambda x: np.maximum(x + 3, 0) / 6),
                ),
            ),
            Property(
                "It meets the sigmoid at zero and is nowhere further from it than the middle line is.",
                _hard_sigmoid_near,
                1e-14,
                (
                    Mistake("a step", lambda x: (x > 0) * 1.0),
                    Mistake("cut at two either way", lambda x: np.clip((x + 2) / 4, 0, 1)),
                ),
            ),
        ),
    ),
)
