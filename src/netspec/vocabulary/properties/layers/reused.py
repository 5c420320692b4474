"""What must hold of weights that are used again, and of weights that are never trained."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netspec.vocabulary.cases import Case, apart
from netspec.vocabulary.layers import dense
from netspec.vocabulary.programs import compiled, pullback
from netspec.vocabulary.term import Implementation, Mistake, Property, Term

_shared = compiled(dense.shared_layers, 0, 3)


def _linear_block(kernel: Any, x: Any) -> Any:
    return x @ kernel


def _block(kernel: Any, x: Any) -> Any:
    return jnp.tanh(x @ kernel)


def _power(shared: Implementation, case: Case) -> float:
    """A linear block: the power of its matrix."""
    kernel, x = case.normal(3, 3), case.normal(case.batch, 3, seed=1)
    expected = x @ np.linalg.matrix_power(kernel, 5)
    return apart(compiled(shared, 0, 3)(_linear_block, kernel, x, 5), expected)


def _unshared(kernels: Any, x: Any) -> Any:
    for kernel in kernels:
        x = _block(kernel, x)
    return x


def _sum_over_uses(shared: Implementation, case: Case) -> float:
    """The gradient of a chain with a kernel for each use, summed."""
    kernel, x, cotangent = case.normal(3, 3), case.normal(2, 3, seed=1), case.normal(2, 3, seed=2)
    found = pullback(shared, 1, 0, 3)(cotangent, _block, kernel, x, 4)
    return apart(found, sum(np.asarray(each) for each in pullback(_unshared, 0)(cotangent, (kernel,) * 4, x)))


def _once_more(block: Any, parameters: Any, x: Any, depth: int) -> Any:
    return _shared(block, parameters, x, depth + 1)


def _last_use_only(block: Any, parameters: Any, x: Any, depth: int) -> Any:
    return block(parameters, dense.shared_layers(block, jax.lax.stop_gradient(parameters), x, depth - 1))


SHARED = Term(
    "cross-layer-sharing",
    dense.shared_layers,
    (
        Property(
            "A linear block used n times is the n-th power of its matrix.",
            _power,
            1e-12,
            (Mistake("once too often", _once_more),),
        ),
        Property(
            "The gradient of what is shared is the sum over its uses.",
            _sum_over_uses,
            1e-12,
            (Mistake("the gradient of the last use", _last_use_only),),
        ),
    ),
)


def _machine(case: Case, examples: int, hidden: int) -> tuple[np.ndarray, ...]:
    return (
        case.normal(examples, 2),
        case.normal(examples, 3, seed=1),
        case.normal(2, hidden, seed=2),
        case.normal(hidden, seed=3),
    )


def _stationary(machine: Implementation, case: Case) -> float:
    """Hᵀ(Hβ − Y) + λβ = 0, with and without a ridge."""
    x, targets, kernel, bias = _machine(case, 9, 4)
    hidden = np.tanh(x @ kernel + bias)
    worst = 0.0
    for ridge in (0.0, 0.3):
        beta = np.asarray(compiled(machine)(x, targets, kernel, bias, ridge))
        worst = max(worst, apart(hidden.T @ hidden @ beta + ridge * beta, hidden.T @ targets))
    return worst


def _interpolates(machine: Implementation, case: Case) -> float:
    """As many hidden units as examples."""
    x, targets, kernel, bias = _machine(case, 4, 6)
    return apart(np.tanh(x @ kernel + bias) @ np.asarray(compiled(machine)(x, targets, kernel, bias, 0.0)), targets)


def _least_squares(x: Any, targets: Any, kernel: Any, bias: Any, ridge: float) -> Any:
    hidden = np.tanh(x @ kernel + bias)
    return np.linalg.solve(hidden.T @ hidden + ridge * np.eye(hidden.shape[1]), hidden.T @ targets)


def _ridge_squared(x: Any, targets: Any, kernel: Any, bias: Any, ridge: float) -> Any:
    return _least_squares(x, targets, kernel, bias, ridge**2)


def _always_ridge(x: Any, targets: Any, kernel: Any, bias: Any, ridge: float) -> Any:
    return _least_squares(x, targets, kernel, bias, ridge + 0.1)


def _no_activation(x: Any, targets: Any, kernel: Any, bias: Any, ridge: float) -> Any:
    return np.linalg.pinv(x @ kernel + bias) @ targets


EXTREME = Term(
    "elm",
    dense.extreme_learning_machine,
    (
        Property(
            "The readout solves the normal equations of its least-squares problem.",
            _stationary,
            1e-10,
            (
                Mistake("a readout of hidden units without their activation", _no_activation),
                Mistake("the ridge squared", _ridge_squared),
            ),
        ),
        Property(
            "With at least as many hidden units as examples it meets every target.",
            _interpolates,
            1e-9,
            (Mistake("a ridge that was not asked for", _always_ridge),),
        ),
    ),
)
