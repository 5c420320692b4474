"""What must hold of simulated circuits of qubits."""

from __future__ import annotations

from functools import partial, reduce
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import scipy.linalg
import scipy.optimize

from netspec.vocabulary.cases import Case, apart
from netspec.vocabulary.quantum.circuits import circuit_state, hybrid_network, parameter_shift, qnn, vqe_energy
from netspec.vocabulary.term import Implementation, Mistake, Property, Term

compiled = partial(jax.jit, static_argnums=0)

X, Y, Z = np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.diag([1, -1])


def _on(qubit: int, matrix: Any, qubits: int = 2) -> np.ndarray:
    """A matrix on one of the qubits, nothing on the others."""
    return reduce(np.kron, [matrix if one == qubit else np.eye(2) for one in range(qubits)])


def _state(x: Any, angles: Any) -> np.ndarray:
    """The state of two qubits by whole matrices and their exponentials."""
    flip = _on(0, (np.eye(2) + Z) / 2) + _on(0, (np.eye(2) - Z) / 2) @ _on(1, X)
    state = np.eye(4, dtype=complex)[0]
    for qubit in range(2):
        state = scipy.linalg.expm(-0.5j * x[qubit] * _on(qubit, Y)) @ state
    for layer in angles:
        for qubit in range(2):
            for angle, axis in zip(layer[qubit], (Y, Z), strict=True):
                state = scipy.linalg.expm(-0.5j * angle * _on(qubit, axis)) @ state
        state = flip @ state
    return state


@compiled
def _measured(circuit: Implementation, x: Any, angles: Any) -> Any:
    return circuit(x, angles)


@compiled
def _slopes(circuit: Implementation, x: Any, angles: Any, towards: Any) -> tuple[Any, Any]:
    """Derivatives of a weighted sum of the means by the angles, exact and by shifts."""

    def value(angles: Any) -> Any:
        return circuit(x, angles) @ towards

    return jax.grad(value)(angles), parameter_shift(value, angles)


def _angles(case: Case, layers: int = 2) -> tuple[np.ndarray, np.ndarray]:
    return case.uniform(2, low=-3, high=3), case.uniform(layers, 2, 2, low=-3, high=3, seed=1)


def _by_matrices(circuit: Implementation, case: Case) -> float:
    x, angles = _angles(case)
    state = _state(x, angles)
    return apart(_measured(circuit, x, angles), [np.vdot(state, _on(q, Z) @ state).real for q in range(2)])


def _shift(circuit: Implementation, case: Case) -> float:
    exact, shifted = _slopes(circuit, *_angles(case), case.normal(2, seed=2))
    return apart(shifted, exact)


def _apart_from_each_other(x: Any, angles: Any) -> Any:
    """Each qubit a circuit of its own."""
    return jnp.concatenate([qnn(x[q : q + 1], angles[:, q : q + 1]) for q in range(2)])


_CIRCUITS = (
    Mistake("turns by whole angles, not halves", lambda x, a: qnn(2 * x, 2 * a)),
    Mistake("flips from the last qubit to the first", lambda x, a: qnn(x[::-1], a[:, ::-1])[::-1]),
    Mistake("no flips", _apart_from_each_other),
)


@compiled
def _energy(energy: Implementation, angles: Any, hamiltonian: Any) -> Any:
    return energy(angles, hamiltonian)


@compiled
def _energy_and_slope(energy: Implementation, angles: Any, hamiltonian: Any) -> tuple[Any, Any]:
    return jax.value_and_grad(energy)(angles, hamiltonian)


def _hermitian(case: Case) -> np.ndarray:
    """A random Hamiltonian of two qubits, all of whose energies are above 0."""
    root = case.normal(4, 4) + 1j * case.normal(4, 4, seed=1)
    return root @ root.conj().T / 8 + 0.2 * np.eye(4)


def _energy_by_matrices(energy: Implementation, case: Case) -> float:
    angles, hamiltonian = case.uniform(2, 2, 2, low=-3, high=3, seed=2), _hermitian(case)
    state = _state(np.zeros(2), angles)
    return apart(_energy(energy, angles, hamiltonian), np.vdot(state, hamiltonian @ state).real)


def _bounded(energy: Implementation, case: Case) -> float:
    """By how much an energy lies below the lowest eigenvalue, or above the highest, over many angles."""
    hamiltonian, worst = _hermitian(case), 0.0
    low, *_, high = np.linalg.eigvalsh(hamiltonian)
    for seed in range(8):
        found = float(_energy(energy, case.uniform(2, 2, 2, low=-3, high=3, seed=seed), hamiltonian))
        worst = max(worst, low - found, found - high)
    return worst


def _ground_state(energy: Implementation, case: Case) -> float:
    """Two spins in a field: what an optimizer reaches is the lowest eigenvalue."""
    hamiltonian = (-np.kron(Z, Z) - (0.5 + 0.2 * case.seed) * (_on(0, X) + _on(1, X))).astype(complex)

    def value_and_slope(flat: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = _energy_and_slope(energy, flat.reshape(2, 2, 2), hamiltonian)
        return float(value), np.asarray(slope).ravel()

    start = case.uniform(8, low=-0.5, high=0.5)
    reached = scipy.optimize.minimize(value_and_slope, start, jac=True, method="BFGS").fun
    return apart(reached, np.linalg.eigvalsh(hamiltonian)[0])


def _without_conjugate(angles: Any, hamiltonian: Any) -> Any:
    state = circuit_state(jnp.zeros(2), angles).ravel()
    return jnp.real(state @ hamiltonian @ state)


def _product_states(angles: Any, hamiltonian: Any) -> Any:
    """Qubits that are never joined."""
    states = [circuit_state(jnp.zeros(1), angles[:, q : q + 1]) for q in range(2)]
    state = jnp.kron(*states)
    return jnp.vdot(state, hamiltonian @ state).real


@compiled
def _network(hybrid: Implementation, *tensors: Any) -> Any:
    return hybrid(*tensors)


@compiled
def _network_slopes(hybrid: Implementation, *tensors: Any) -> Any:
    """Derivatives by inputs and angles."""
    return jax.jacrev(hybrid, (0, 2))(*tensors)


def _tensors(case: Case) -> tuple[np.ndarray, ...]:
    return case.normal(3), case.normal(3, 2, seed=1) / 3, _angles(case, 1)[1], case.normal(2, 2, seed=2)


@jax.jit
def _shifts(turns: Any, angles: Any) -> tuple[Any, Any]:
    """Derivatives of the means by inputs and angles, from shifts alone."""
    return parameter_shift(lambda u: qnn(u, angles), turns), parameter_shift(lambda a: qnn(turns, a), angles)


def _chain(hybrid: Implementation, case: Case) -> float:
    """Slopes from end to end, where the circuit's own are those of shifts and the rest is by hand."""
    x, weight_in, angles, weight_out = tensors = _tensors(case)
    by_x, by_angles = _network_slopes(hybrid, *tensors)
    bent = np.tanh(x @ weight_in)
    turns, shifts = map(np.asarray, _shifts(np.pi * bent, angles))
    expected = weight_out.T @ turns @ np.diag(np.pi * (1 - bent**2)) @ weight_in.T
    return max(apart(by_x, expected), apart(by_angles, np.einsum("qo,qlna->olna", weight_out, shifts)))


def _closed(hybrid: Implementation, case: Case) -> float:
    """With angles of 0 the first qubit's mean is cos u₁, the second's cos u₁ cos u₂, by the flip between them."""
    x, weight_in, angles, weight_out = _tensors(case)
    first, second = np.cos(np.pi * np.tanh(x @ weight_in))
    return apart(_network(hybrid, x, weight_in, 0 * angles, weight_out), [first, first * second] @ weight_out)


def _no_tanh(x: Any, weight_in: Any, angles: Any, weight_out: Any) -> Any:
    return qnn(jnp.pi * (x @ weight_in), angles) @ weight_out


def _never_joined(x: Any, weight_in: Any, angles: Any, weight_out: Any) -> Any:
    return _apart_from_each_other(jnp.pi * jnp.tanh(x @ weight_in), angles) @ weight_out


TERMS = (
    Term(
        "qnn",
        qnn,
        (
            Property(
                "Its means are those that exponentials of whole matrices give.",
                _by_matrices,
                1e-12,
                _CIRCUITS,
            ),
            Property(
                "Its slopes are differences of two values, a quarter turn ahead and behind.",
                _shift,
                1e-12,
                (
                    Mistake("turns by whole angles, not halves", lambda x, a: qnn(2 * x, 2 * a)),
                    Mistake("angles bent by tanh", lambda x, a: qnn(x, jnp.tanh(a))),
                ),
            ),
        ),
    ),
    Term(
        "vqe",
        vqe_energy,
        (
            Property(
                "It is the mean of the Hamiltonian in the state that whole matrices give.",
                _energy_by_matrices,
                1e-12,
                (
                    Mistake("qubits that are never joined", _product_states),
                    Mistake("the transposed Hamiltonian", lambda a, h: vqe_energy(a, h.T)),
                ),
            ),
            Property(
                "It is never below the lowest energy, nor above the highest.",
                _bounded,
                1e-12,
                (
                    Mistake("amplitudes without their conjugates", _without_conjugate),
                    Mistake("a state of length 2", lambda a, h: 4 * vqe_energy(a, h)),
                ),
            ),
            Property(
                "Two spins in a field: an optimizer finds the ground state.",
                _ground_state,
                1e-8,
                (
                    Mistake("qubits that are never joined", _product_states),
                    Mistake("an angle for all turns", lambda a, h: vqe_energy(0 * a + a[0, 0, 0], h)),
                ),
            ),
        ),
    ),
)

HYBRID = Term(
    "quantum-hybrid",
    hybrid_network,
    (
        Property(
            "Slopes from end to end are those of shifts in the circuit and of the chain rule around it.",
            _chain,
            1e-11,
            (
                Mistake("half a turn for a whole", lambda x, w, a, v: qnn(jnp.pi / 2 * jnp.tanh(x @ w), a) @ v),
                Mistake(
                    "no gradient into the circuit",
                    lambda x, w, a, v: hybrid_network(x, w, jax.lax.stop_gradient(a), v),
                ),
            ),
        ),
        Property(
            "With angles of 0 it gives cos u₁ and cos u₁ cos u₂.",
            _closed,
            1e-12,
            (
                Mistake("no tanh", _no_tanh),
                Mistake("qubits that are never joined", _never_joined),
            ),
        ),
    ),
)
