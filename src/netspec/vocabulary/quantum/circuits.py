"""Circuits of qubits, simulated as vectors of amplitudes: exact, and twice as large with every qubit."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from netspec.vocabulary import expect


def circuit_state(x: jax.Array, angles: jax.Array) -> jax.Array:
    """The state, ``(2,) * qubits`` complex, after turning each qubit by an input and running the layers of a circuit.

    Inputs ``(qubits,)`` turn about y. A layer turns each qubit about y and z by ``angles (layers, qubits, 2)``, and
    flips each qubit where the one before it is 1, from the first pair to the last.
    """
    expect.axes(x=(x, "qubits"), angles=(angles, "layers qubits 2"))
    start = jnp.zeros((2,) * len(x), jnp.result_type(jnp.complex64, x, angles)).at[(0,) * len(x)].set(1)
    bits = np.indices(start.shape).reshape(len(x), -1)
    flipped = np.ravel_multi_index(tuple(np.diff(bits, axis=0, prepend=0) % 2), start.shape)

    def layer(state: jax.Array, turns: jax.Array) -> tuple[jax.Array, None]:
        return _turned(state, turns[:, 0], turns[:, 1]).ravel()[flipped].reshape(state.shape), None

    state, _ = jax.lax.scan(layer, _turned(start, x, 0 * x), angles)
    return state


def _turned(state: jax.Array, about_y: jax.Array, about_z: jax.Array) -> jax.Array:
    """Each qubit turned by exp(−i b Z / 2) exp(−i a Y / 2)."""
    cos, sin, phase = jnp.cos(about_y / 2), jnp.sin(about_y / 2), jnp.exp(-0.5j * about_z)
    gates = jnp.stack([phase * cos, -phase * sin, sin / phase, cos / phase], -1).reshape(-1, 2, 2)
    for qubit in range(state.ndim):
        state = jnp.moveaxis(jnp.tensordot(gates[qubit], state, (1, qubit)), 0, qubit)
    return state


def qnn(x: jax.Array, angles: jax.Array) -> jax.Array:
    """Let a small quantum circuit be a layer: inputs turn qubits, so do parameters, and measured means come out.

    Every gate is a rotation by an angle, so a measured mean is a sine wave in each angle, and its exact slope comes
    from two further measurements (:func:`parameter_shift`). That is how such a circuit is trained where nothing can be
    differentiated through it.

    Formula: y_q = ⟨0| U(x, θ)† Z_q U(x, θ) |0⟩; ∂y/∂θ = ½ (y(θ + π/2) − y(θ − π/2))
    Shapes: x (qubits,) and angles (layers, qubits, 2) in radians, about y and then z; result (qubits,) from −1 to 1.
    Parameters: 2 · layers · qubits.
    Cost: simulated, 2^qubits amplitudes a gate; on a device, shots enough for the mean.
    Training: as in evaluation here; on a device the gradient is that of the shift, with the noise of its shots.
    Caveats: an advantage over classical networks is theory; random deep circuits have gradients near 0 everywhere.
    Raises: VocabularyError for shapes that do not fit.
    Source: Mitarai et al. 2018 [arXiv:1803.00745]; Biamonte et al. 2017 [arXiv:1611.09347]; vocabulary line 4393.

    >>> import math
    >>> nothing = jax.numpy.zeros((1, 1, 2))
    >>> [round(float(qnn(jax.numpy.array([angle]), nothing)[0]), 4) for angle in (0.0, math.pi / 3, math.pi)]  # cosine
    [1.0, 0.5, -1.0]
    """
    chances = jnp.square(jnp.abs(circuit_state(x, angles)))
    sides = [jnp.sum(chances, axis=tuple(axis for axis in range(len(x)) if axis != qubit)) for qubit in range(len(x))]
    return jnp.stack([side[0] - side[1] for side in sides])


def parameter_shift(function: Callable[[jax.Array], jax.Array], angles: jax.Array) -> jax.Array:
    """The derivatives of ``function`` of angles by each of them, ``(..., *angles.shape)``, from its values alone.

    It holds for rotations exp(−i θ P / 2) with P² = 1. Source: Mitarai et al. 2018 [arXiv:1803.00745], eq. 3.
    """
    shifts = jnp.pi / 2 * jnp.eye(angles.size).reshape(-1, *angles.shape)
    ahead, behind = jnp.split(jax.vmap(function)(jnp.concatenate([angles + shifts, angles - shifts])), 2)
    return jnp.moveaxis((ahead - behind) / 2, 0, -1).reshape(*ahead.shape[1:], *angles.shape)


def vqe_energy(angles: jax.Array, hamiltonian: jax.Array) -> jax.Array:
    """Look for the lowest energy of a system by tuning a circuit, which holds states too large to write down.

    Whatever state the circuit makes, its mean energy is at least that of the ground state. So a classical optimizer
    may turn the angles as it likes, and what it reaches is a bound.

    Formula: E(θ) = ⟨ψ(θ)| H |ψ(θ)⟩ ≥ λ_min(H), minimised over θ
    Shapes: angles (layers, qubits, 2) as for :func:`circuit_state`; hamiltonian (2^qubits, 2^qubits), equal to its
        conjugate transpose, first qubit first; result a number in its unit.
    Parameters: 2 · layers · qubits.
    Cost: simulated, 4^qubits multiply-adds; on a device, shots for each term of H.
    Training: all there is; the last energy is the result.
    Caveats: too few layers cannot reach the ground state, and a minimum may be a local one.
    Raises: VocabularyError for shapes that do not fit.
    Source: Peruzzo et al. 2014 [arXiv:1304.3061]; vocabulary line 4403.

    >>> spin = jax.numpy.array([[1.0, 0.0], [0.0, -1.0]])
    >>> [round(float(vqe_energy(jax.numpy.array([[[angle, 0.0]]]), spin)), 4) for angle in (0.0, 3.14159265)]
    [1.0, -1.0]
    """
    sizes = expect.axes(angles=(angles, "layers qubits 2"))
    sizes["states"] = 2 ** sizes["qubits"]
    expect.axes(sizes, hamiltonian=(hamiltonian, "states states"))
    state = circuit_state(jnp.zeros_like(angles[0, :, 0]), angles).ravel()
    return jnp.vdot(state, hamiltonian @ state).real


def hybrid_network(x: jax.Array, weight_in: jax.Array, angles: jax.Array, weight_out: jax.Array) -> jax.Array:
    """Put a circuit between two classical layers, which fit it to data of any size and scale.

    The first layer makes an angle for each qubit, the last reads the measured means. All are trained together, with the
    circuit's slopes from shifts and the rest by backpropagation.

    Formula: y = qnn(π tanh(x W), θ) V
    Shapes: x (in,); weight_in (in, qubits); angles (layers, qubits, 2); weight_out (qubits, out); result (out,).
    Parameters: in · qubits + 2 · layers · qubits + qubits · out.
    Cost: that of the circuit, 2^qubits amplitudes a gate.
    Training: as in evaluation.
    Caveats: no speed-up for learning has been shown; a simulated circuit of few qubits is a classical layer.
    Raises: VocabularyError for shapes that do not fit.
    Source: Bergholm et al. 2018 [arXiv:1811.04968]; vocabulary line 6004.

    >>> one, nothing = jax.numpy.ones((1, 1)), jax.numpy.zeros((1, 1, 2))
    >>> round(float(hybrid_network(jax.numpy.zeros(1), one, nothing, 3 * one)[0]), 4)  # 3 cos(π tanh(0))
    3.0
    """
    sizes = expect.axes(x=(x, "in"), weight_in=(weight_in, "in qubits"), angles=(angles, "layers qubits 2"))
    expect.axes(sizes, weight_out=(weight_out, "qubits out"))
    return qnn(jnp.pi * jnp.tanh(x @ weight_in), angles) @ weight_out
