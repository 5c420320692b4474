"""What must hold of simulated circuits of qubits."""

from __future__ import annotations

from functools import reduce
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import scipy.linalg
import scipy.optimize

from netspec.vocabulary.cases import Case, apart
from netspec.vocabulary.programs import traced
from netspec.vocabulary.quantum.circuits import circuit_state, hybrid_network, qnn, vqe_energy
from netspec.vocabulary.term import Implementation, Mistake, Property, Term

X: Any = np.array([[0, 1], [1, 0]])
Y: Any = np.array([[0, -1j], [1j, 0]])
Z: Any = np.diag([1, -1])


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


@traced
def _measured(circuit: Implementation, x: Any, angles: Any) -> Any:
    return circuit(x, angles)


@traced
def _slope(circuit: Implementation, inputs: Any, direction: Any) -> Any:
    """How the means change along a direction of all inputs."""
    return jax.jvp(circuit, inputs, direction)[1]


def _shifted(circuit: Implementation, x: Any, angles: Any, direction: Any) -> np.ndarray:
    """The change along a direction of the angles, from means a quarter turn ahead and behind of each."""
    shifts = np.pi / 2 * np.eye(8).reshape(8, 2, 2, 2)
    slopes = [_measured(circuit, x, angles + one) - _measured(circuit, x, angles - one) for one in shifts]
    return np.array(slopes).T @ direction.ravel() / 2


def _angles(case: Case) -> tuple[np.ndarray, np.ndarray]:
    return case.uniform(2, low=-3, high=3), case.uniform(2, 2, 2, low=-3, high=3, seed=1)


def _by_matrices(circuit: Implementation, case: Case) -> float:
    x, angles = _angles(case)
    state = _state(x, angles)
    return apart(_measured(circuit, x, angles), [np.vdot(state, _on(q, Z) @ state).real for q in range(2)])


def _shift(circuit: Implementation, case: Case) -> float:
    (x, angles), direction = _angles(case), case.normal(2, 2, 2, seed=2)
    return apart(_shifted(circuit, x, angles, direction), _slope(circuit, (x, angles), (0 * x, direction)))


def _apart_from_each_other(x: Any, angles: Any) -> Any:
    """Each qubit a circuit of its own."""
    return jnp.concatenate([qnn(x[q : q + 1], angles[:, q : q + 1]) for q in range(2)])


_CIRCUITS = (
    Mistake("turns by whole angles, not halves", lambda x, a: qnn(2 * x, 2 * a)),
    Mistake("flips from the last qubit to the first", lambda x, a: qnn(x[::-1], a[:, ::-1])[::-1]),
    Mistake("no flips", _apart_from_each_other),
)


@traced
def _energy(energy: Implementation, angles: Any, hamiltonian: Any) -> Any:
    return energy(angles, hamiltonian)


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
    """Two spins in a field: what an optimizer reaches by slopes from shifts is the lowest eigenvalue."""
    pair, field = _on(0, Z) @ _on(1, Z), _on(0, X) + _on(1, X)
    hamiltonian = -pair - (0.5 + 0.2 * case.seed) * field + 0j

    def value(flat: np.ndarray) -> float:
        return float(_energy(energy, flat.reshape(2, 2, 2), hamiltonian))

    def slope(flat: np.ndarray) -> np.ndarray:
        return np.array([value(flat + one) - value(flat - one) for one in np.pi / 2 * np.eye(8)]) / 2

    start = case.uniform(8, low=-0.5, high=0.5)
    reached = scipy.optimize.minimize(value, start, jac=slope, method="BFGS").fun
    return apart(reached, np.linalg.eigvalsh(hamiltonian)[0])


def _without_conjugate(angles: Any, hamiltonian: Any) -> Any:
    state = circuit_state(jnp.zeros(2), angles).ravel()
    return jnp.real(state @ hamiltonian @ state)


def _product_states(angles: Any, hamiltonian: Any) -> Any:
    """Qubits that are never joined."""
    states = [circuit_state(jnp.zeros(1), angles[:, q : q + 1]) for q in range(2)]
    state = jnp.kron(*states)
    return jnp.vdot(state, hamiltonian @ state).real


@traced
def _network(hybrid: Implementation, *tensors: Any) -> Any:
    return hybrid(*tensors)


def _tensors(case: Case) -> tuple[np.ndarray, ...]:
    return case.normal(3), case.normal(3, 2, seed=1) / 3, _angles(case)[1], case.normal(2, 2, seed=2)


def _chain(hybrid: Implementation, case: Case) -> float:
    """Along a direction of the angles, from end to end: the circuit's change by shifts, then the last layer's."""
    x, weight_in, angles, weight_out = tensors = _tensors(case)
    direction = case.normal(2, 2, 2, seed=3)
    found = _slope(hybrid, tensors, (0 * x, 0 * weight_in, direction, 0 * weight_out))
    return apart(found, _shifted(qnn, np.pi * np.tanh(x @ weight_in), angles, direction) @ weight_out)


def _layer_by_layer(hybrid: Implementation, case: Case) -> float:
    """The layers before and after by numpy, the circuit between them by whole matrices."""
    x, weight_in, angles, weight_out = tensors = _tensors(case)
    state = _state(np.pi * np.tanh(x @ weight_in), angles)
    means = np.array([np.vdot(state, _on(q, Z) @ state).real for q in range(2)])
    return apart(_network(hybrid, *tensors), means @ weight_out)


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
            "Its slope by the angles is that of shifts in the circuit, through the last layer.",
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
            "It is a layer, a circuit by whole matrices, and a layer.",
            _layer_by_layer,
            1e-12,
            (
                Mistake("no tanh", _no_tanh),
                Mistake("qubits that are never joined", _never_joined),
            ),
        ),
    ),
)
