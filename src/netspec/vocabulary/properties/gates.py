"""What must hold of the gated layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from scipy import special

from netspec.vocabulary import gates
from netspec.vocabulary.cases import Case, apart
from netspec.vocabulary.term import Implementation, Mistake, Property, Term

BATCH, IN, OUT = 4, 4, 5


def _drawn(case: Case) -> tuple[np.ndarray, ...]:
    """An input, both matrices, both biases."""
    return (
        case.normal(BATCH, IN),
        case.normal(IN, OUT, seed=1),
        case.normal(IN, OUT, seed=2),
        case.normal(OUT, seed=3),
        case.normal(OUT, seed=4),
    )


def _by_hand(function: Callable[[np.ndarray], np.ndarray]) -> Callable[..., float]:
    """The value times a function of numpy of the gate, with biases and without."""

    def residual(implementation: Implementation, case: Case) -> float:
        x, kernel, gate, bias, gate_bias = _drawn(case)
        with_biases = (x @ kernel + bias) * function(x @ gate + gate_bias)
        return max(
            apart(implementation(x, kernel, gate, bias, gate_bias), with_biases),
            apart(implementation(x, kernel, gate), (x @ kernel) * function(x @ gate)),
        )

    return residual


def _glu_ends(glu: Implementation, case: Case) -> float:
    """A gate that reads nothing is half open; biases of ±200 open and shut it."""
    x, kernel, gate, bias, _ = _drawn(case)
    linear, nothing = x @ kernel + bias, np.zeros((IN, OUT))
    far = np.full(OUT, 200.0)
    return max(
        apart(glu(x, kernel, nothing, bias, np.zeros(OUT)), linear / 2),
        apart(glu(x, kernel, gate, bias, far), linear),
        apart(1 + np.asarray(glu(x, kernel, gate, bias, -far)), np.ones((BATCH, OUT))),
    )


def _bilinear(reglu: Implementation, case: Case) -> float:
    """Without biases the open part is bilinear; where the gate is shut all is exactly zero."""
    x, kernel, gate, *_ = _drawn(case)
    y = np.asarray(reglu(x, kernel, gate))
    shut = np.abs(y[x @ gate <= 0]).max(initial=0.0)
    return max(apart(reglu(3 * x, kernel, gate), 9 * y), float(shut))


def _turned_over(implementation: Implementation, case: Case) -> float:
    """Of ReLU, SiLU and GELU f(z) − f(−z) = z; so what is left of a gate and the one turned over is bilinear."""
    x, kernel, gate, *_ = _drawn(case)
    difference = np.asarray(implementation(x, kernel, gate)) - np.asarray(implementation(x, kernel, -gate))
    return apart(difference, (x @ kernel) * (x @ gate))


def _through_glu(swiglu: Implementation, case: Case) -> float:
    x, kernel, gate, bias, gate_bias = _drawn(case)
    gated = np.asarray(gates.glu(x, kernel, gate, bias, gate_bias)) * (x @ gate + gate_bias)
    return apart(swiglu(x, kernel, gate, bias, gate_bias), gated)


def _gated(function: Callable[[np.ndarray], np.ndarray], exchanged: bool = False) -> Implementation:
    """Another function of the gate, or of the value in its place."""

    def layer(x: np.ndarray, kernel: np.ndarray, gate: np.ndarray, bias: Any = 0, gate_bias: Any = 0) -> np.ndarray:
        value, opened = x @ kernel + bias, x @ gate + gate_bias
        return opened * function(value) if exchanged else value * function(opened)

    return layer


def _of_the_product(x: np.ndarray, kernel: np.ndarray, gate: np.ndarray, bias: Any = 0, gate_bias: Any = 0) -> Any:
    return np.maximum((x @ kernel + bias) * (x @ gate + gate_bias), 0)


def _halves(x: np.ndarray, kernel: np.ndarray, gate: np.ndarray, bias: Any = 0, gate_bias: Any = 0) -> jax.Array:
    return jax.nn.glu(jnp.asarray(x))


def _silu(z: np.ndarray) -> np.ndarray:
    return z * special.expit(z)


def _gelu(z: np.ndarray) -> np.ndarray:
    return z * special.ndtr(z)


def _tanh_gelu(z: np.ndarray) -> np.ndarray:
    return z * special.expit(2 * np.sqrt(2 / np.pi) * (z + 0.044715 * z**3))


def _relu(z: np.ndarray) -> np.ndarray:
    return np.maximum(z, 0)


TERMS = (
    Term(
        "reglu",
        gates.reglu,
        (
            Property(
                "It is (xW + b) max(xV + c, 0).",
                _by_hand(_relu),
                1e-13,
                (
                    Mistake("the gate on the other map", _gated(_relu, exchanged=True)),
                    Mistake("ReLU of the product", _of_the_product),
                    Mistake("a sigmoid", _gated(special.expit)),
                ),
            ),
            Property(
                "Without biases three times the input gives nine times the output, and where xV ≤ 0 exactly zero.",
                _bilinear,
                1e-13,
                (
                    Mistake("a step, open or shut", _gated(lambda z: z > 0)),
                    Mistake("SiLU", _gated(_silu)),
                    Mistake("a leak", _gated(lambda z: np.maximum(z, 0.01 * z))),
                ),
            ),
        ),
    ),
    Term(
        "swiglu",
        gates.swiglu,
        (
            Property(
                "It is GLU times the input of its gate.",
                _through_glu,
                1e-13,
                (
                    Mistake("SiLU of the other map", _gated(_silu, exchanged=True)),
                    Mistake("a sigmoid, which is GLU", _gated(special.expit)),
                    Mistake("straight lines in the gate", _gated(lambda z: z * np.clip(z / 6 + 0.5, 0, 1))),
                ),
            ),
            Property(
                "Less the one with its gate turned over it is (xW)(xV).",
                _turned_over,
                1e-13,
                (
                    Mistake("Mish", _gated(lambda z: z * np.tanh(np.logaddexp(0, z)))),
                    Mistake("β in front", _gated(lambda z: 1.702 * _silu(z))),
                ),
            ),
        ),
    ),
    Term(
        "geglu",
        gates.geglu,
        (
            Property(
                "It is (xW + b) times z·Φ(z) of z = xV + c.",
                _by_hand(_gelu),
                1e-13,
                (
                    Mistake("the tanh form", _gated(_tanh_gelu)),
                    Mistake("the logistic form", _gated(lambda z: z * special.expit(1.702 * z))),
                    Mistake("the gate on the other map", _gated(_gelu, exchanged=True)),
                ),
            ),
            Property(
                "Less the one with its gate turned over it is (xW)(xV).",
                _turned_over,
                1e-13,
                (
                    Mistake("Φ without z", _gated(special.ndtr)),
                    Mistake("ELU", _gated(lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))))),
                ),
            ),
        ),
    ),
    Term(
        "glu-activation",
        gates.glu,
        (
            Property(
                "It is (xW + b) σ(xV + c), both of the whole input.",
                _by_hand(special.expit),
                1e-13,
                (
                    Mistake("the gate on the other map", _gated(special.expit, exchanged=True)),
                    Mistake("a softmax over the gates", _gated(lambda z: special.softmax(z, -1)), line=1877),
                    Mistake("the input itself split in halves", _halves, line=2784),
                    Mistake("a hyperbolic tangent", _gated(np.tanh)),
                ),
            ),
            Property(
                "With V = 0 and c = 0 it is half the linear map, with a large c all of it, and with a small c nothing.",
                _glu_ends,
                1e-13,
                (
                    Mistake("a softmax over the gates", _gated(lambda z: special.softmax(z, -1)), line=1877),
                    Mistake("a distribution function in place of it, twice", _gated(lambda z: 2 * special.ndtr(z))),
                    Mistake("its own gate", _gated(_silu)),
                ),
            ),
        ),
    ),
)
