"""What must hold of GELU, SiLU and Mish."""

from __future__ import annotations

import jax
import numpy as np
from scipy import special

from netspec.vocabulary import activations
from netspec.vocabulary.cases import Case, apart, wrong
from netspec.vocabulary.properties.activations.drawn import inputs
from netspec.vocabulary.term import Implementation, Mistake, Property, Term


def _tanh_gelu(inner: float = np.sqrt(2 / np.pi), cubic: float = 0.044715, power: int = 3) -> Implementation:
    """The approximation of GELU with other numbers in it."""

    def gelu(x: np.ndarray, approximate: bool) -> np.ndarray:
        return 0.5 * x * (1 + np.tanh(inner * (x + cubic * x**power)))

    return gelu


def _gelu(gelu: Implementation, case: Case) -> float:
    x = inputs(case)
    return apart(gelu(x), x * special.ndtr(x))


def _gelu_tanh(gelu: Implementation, case: Case) -> float:
    x = inputs(case)
    inside = np.sqrt(2 / np.pi) * (x + 0.044715 * x * x * x)
    return apart(gelu(x, approximate=True), x * special.expit(2 * inside))


def _gelu_near(gelu: Implementation, case: Case) -> float:
    x = np.linspace(-6, 6, 601)
    return float(np.abs(np.asarray(gelu(x, approximate=True)) - x * special.ndtr(x)).max())


def _silu(silu: Implementation, case: Case) -> float:
    x = inputs(case)
    return max(apart(silu(x, beta), x * (1 + np.tanh(beta * x / 2)) / 2) for beta in (0.5, 1.0, 1.7))


def _silu_limits(silu: Implementation, case: Case) -> float:
    x = np.sign(inputs(case)) * case.uniform(24, low=0.01, high=2.0)
    return max(apart(silu(x, 0.0), x / 2), apart(silu(x, 1e5), np.maximum(x, 0)), apart(silu(x) - silu(-x), x))


def _mish(mish: Implementation, case: Case) -> float:
    """tanh(ln(1 + u)) = (u² + 2u) / (u² + 2u + 2) with u = eˣ."""
    x = inputs(case)
    u = np.exp(x)
    return apart(mish(x), x * (u * u + 2 * u) / (u * u + 2 * u + 2))


def _mish_far(mish: Implementation, case: Case) -> float:
    far = np.array([-800.0, -400.0, 400.0, 800.0])
    return apart(mish(far), np.maximum(far, 0))


def _mish_dip(mish: Implementation, case: Case) -> float:
    y = np.asarray(mish(np.linspace(-3, 0, 3001)))
    return wrong(abs(y.min() + 0.30884) < 1e-5 and abs(3 - y.argmin() / 1000 - 1.192) < 1.5e-3)


def _silu_of(x: np.ndarray) -> np.ndarray:
    return x * special.expit(x)


def _mish_plainly(x: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore", invalid="ignore"):
        u = np.exp(x)
        return x * (u * u + 2 * u) / (u * u + 2 * u + 2)


TERMS = (
    Term(
        "gelu",
        activations.gelu,
        (
            Property(
                "The exact form is x·Φ(x).",
                _gelu,
                1e-14,
                (
                    Mistake("the approximation if nothing is said", lambda x: jax.nn.gelu(x, approximate=True)),
                    Mistake("the logistic approximation", lambda x: x * special.expit(1.702 * x)),
                    Mistake("a density in place of the distribution", lambda x: x * np.exp(-(x**2) / 2)),
                ),
            ),
            Property(
                "The approximation is x·σ(2√(2/π)(x + 0.044715 x³)).",
                _gelu_tanh,
                1e-14,
                (
                    Mistake("a wrong constant, 0.044175 in place of 0.044715", _tanh_gelu(cubic=0.044175)),
                    Mistake("0.0044715 in place of 0.044715", _tanh_gelu(cubic=0.0044715)),
                    Mistake("the square in place of the cube", _tanh_gelu(power=2)),
                    Mistake("the root of π/2", _tanh_gelu(inner=np.sqrt(np.pi / 2))),
                ),
            ),
            Property(
                "Both forms differ by less than 5e-4 everywhere.",
                _gelu_near,
                5e-4,
                (
                    Mistake("0.0044715 in place of 0.044715", _tanh_gelu(cubic=0.0044715)),
                    Mistake("no cubic term", _tanh_gelu(cubic=0.0)),
                    Mistake("2/π without its root", _tanh_gelu(inner=2 / np.pi)),
                ),
            ),
        ),
    ),
    Term(
        "silu",
        activations.silu,
        (
            Property(
                "It is x·(1 + tanh(βx/2)) / 2.",
                _silu,
                1e-14,
                (
                    Mistake("β outside of the sigmoid", lambda x, beta=1.0: beta * x * special.expit(x)),
                    Mistake("β is left out", lambda x, beta=1.0: x * special.expit(x)),
                    Mistake("straight lines in the gate", lambda x, beta=1.0: x * np.clip(beta * x / 6 + 0.5, 0, 1)),
                ),
            ),
            Property(
                "β = 0 gives x/2, a large β ReLU; and silu(x) − silu(−x) = x.",
                _silu_limits,
                1e-14,
                (
                    Mistake("the gate is a hyperbolic tangent", lambda x, beta=1.0: x * np.tanh(beta * x)),
                    Mistake("the gate is not gated by x", lambda x, beta=1.0: beta * x * special.expit(beta * x)),
                ),
            ),
        ),
    ),
    Term(
        "mish",
        activations.mish,
        (
            Property(
                "It is x(u² + 2u) / (u² + 2u + 2) with u = eˣ.",
                _mish,
                1e-14,
                (
                    Mistake("the hyperbolic tangent of x", lambda x: x * np.tanh(x)),
                    Mistake("the gate of SiLU", _silu_of),
                    Mistake("the logarithm to base two", lambda x: x * np.tanh(np.log2(1 + np.exp(x)))),
                ),
            ),
            Property(
                "It stays finite far from zero, where it is ReLU.",
                _mish_far,
                1e-15,
                (
                    Mistake("the exponentials written out, which overflow", _mish_plainly),
                    Mistake("a ripple everywhere", lambda x: np.maximum(x, 0) + 1e-3 * np.sin(x)),
                ),
            ),
            Property(
                "Its least value is −0.30884, at −1.192.",
                _mish_dip,
                0.0,
                (
                    Mistake("SiLU, which has −0.278 at −1.278", _silu_of),
                    Mistake("GELU, which has −0.17 at −0.75", lambda x: x * special.ndtr(x)),
                ),
            ),
        ),
    ),
)
