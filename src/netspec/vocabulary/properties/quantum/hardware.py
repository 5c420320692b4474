"""What must hold of simulated interferometers, masks and crossbars."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import scipy.stats

from netspec.vocabulary.cases import Case, apart
from netspec.vocabulary.programs import traced
from netspec.vocabulary.quantum.memristors import crossbar
from netspec.vocabulary.quantum.optics import diffract, mzi_mesh, reck_angles
from netspec.vocabulary.term import Implementation, Mistake, Property, Term

MODES = 3


@traced
def _mesh(mesh: Implementation, x: Any, theta: Any, phi: Any, phases: Any) -> Any:
    return mesh(x, theta, phi, phases)


def _complex(case: Case, *shape: int, seed: int = 0) -> np.ndarray:
    return case.normal(*shape, seed=seed) + 1j * case.normal(*shape, seed=seed + 1)


def _power(mesh: Implementation, case: Case) -> float:
    """As much light leaves as entered, whatever the angles."""
    x, angles = _complex(case, MODES, MODES), case.uniform(3, 3, low=-3, high=3, seed=2)
    found = np.linalg.norm(_mesh(mesh, x, *angles), axis=-1)
    return apart(found, np.linalg.norm(x, axis=-1))


def _any_unitary(mesh: Implementation, case: Case) -> float:
    unitary = scipy.stats.unitary_group.rvs(MODES, random_state=case.seed)
    return apart(_mesh(mesh, np.eye(MODES, dtype=complex), *reck_angles(unitary)).T, unitary)


def _any_matrix(mesh: Implementation, case: Case) -> float:
    """Two meshes with attenuators between them, by the singular value decomposition."""
    weight, x = _complex(case, MODES, MODES), _complex(case, MODES, MODES, seed=5)
    left, sizes, right = np.linalg.svd(weight)
    inner = _mesh(mesh, x, *reck_angles(right))
    return apart(_mesh(mesh, np.asarray(inner * sizes), *reck_angles(left)), x @ weight.T)


def _couplers(mesh: Implementation, case: Case) -> float:
    """An interferometer is a delay of one arm, a coupler of two equal parts, a delay, and another coupler."""
    theta, phi = case.uniform(2, 3, low=-3, high=3)
    coupler = np.array([[1, 1j], [1j, 1]]) / np.sqrt(2)
    product = np.eye(MODES, dtype=complex)
    for pair, low in enumerate((0, 1, 0)):
        block = coupler @ np.diag([np.exp(1j * theta[pair]), 1]) @ coupler @ np.diag([np.exp(1j * phi[pair]), 1])
        whole = np.eye(MODES, dtype=complex)
        whole[low : low + 2, low : low + 2] = block
        product = whole @ product
    return apart(_mesh(mesh, np.eye(MODES, dtype=complex), theta, phi, np.zeros(MODES)).T, product)


_MESHES = (
    Mistake("couplers that halve amplitudes, not power", lambda x, t, p, d: mzi_mesh(x, t, p, d) / np.sqrt(2)),
    Mistake("real outputs", lambda x, t, p, d: mzi_mesh(x, t, p, d).real + 0j),
)
_ORDERS = (
    Mistake("interferometers in reverse order", lambda x, t, p, d: mzi_mesh(x, t[::-1], p[::-1], d)),
    Mistake("no delay before the couplers", lambda x, t, p, d: mzi_mesh(x, t, 0 * p, d)),
    Mistake("whole angles for half angles", lambda x, t, p, d: mzi_mesh(x, 2 * t, p, d)),
)

WAVELENGTH, PITCH, DISTANCE = 0.5, 0.8, 3.0


@traced
def _light(masks: Implementation, field: Any, phases: Any, distance: Any, pitch: Any) -> Any:
    return masks(field, phases, distance, WAVELENGTH, pitch)


def _conserved(masks: Implementation, case: Case) -> float:
    """Pixels wider than λ / √2 hold only waves that travel, so no light is lost."""
    field, phases = _complex(case, 4, 6), case.uniform(2, 4, 6, low=-3, high=3, seed=2)
    found = _light(masks, field, phases, DISTANCE, PITCH)
    return apart(np.sum(np.abs(found) ** 2), np.sum(np.abs(field) ** 2))


def _back(masks: Implementation, case: Case) -> float:
    """Backwards through the same masks, with their delays taken back, the field is what it was."""
    field, phases = _complex(case, 4, 6), case.uniform(2, 4, 6, low=-3, high=3, seed=2)
    there = _light(masks, field, phases, DISTANCE, PITCH)
    return apart(_light(masks, there, -phases[::-1], -DISTANCE, PITCH), field)


def _plane_wave(masks: Implementation, case: Case) -> float:
    """A tilted wave only changes phase, by its wave number along the way; finer ones than λ do not travel."""
    row, column = np.indices((4, 6))
    worst = 0.0
    for across, pitch in ((1, PITCH), (2, PITCH), (2, 0.14)):
        wave = np.exp(2j * np.pi * (row / 4 + across * column / 6))
        fine = (1 / 4 / pitch) ** 2 + (across / 6 / pitch) ** 2
        travel = np.exp(6j * np.pi * DISTANCE * np.sqrt(max(0, 1 / WAVELENGTH**2 - fine)))
        expected = wave * travel if fine < 1 / WAVELENGTH**2 else 0 * wave
        found = _light(masks, wave, np.zeros((2, 4, 6)), DISTANCE, pitch)
        worst = max(worst, float(np.abs(found - expected).max()))
    return worst


def _paraxial(field: Any, phases: Any, distance: Any, wavelength: Any, pitch: Any) -> Any:
    """Fresnel's approximation, for small tilts."""
    down, across = (2 * np.pi * np.fft.fftfreq(size) / pitch for size in field.shape)
    k = 2 * jnp.pi / wavelength
    travel = jnp.exp(1j * distance * (k - (down[:, None] ** 2 + across**2) / (2 * k)))
    for mask in phases:
        field = jnp.fft.ifft2(jnp.fft.fft2(field) * travel) * jnp.exp(1j * mask)
    return jnp.fft.ifft2(jnp.fft.fft2(field) * travel)


def _shading(field: Any, phases: Any, *lengths: Any) -> Any:
    """Masks that darken by the cosine of what should delay."""
    first = diffract(field * jnp.cos(phases[0]), 0 * phases, *lengths)
    return first * jnp.cos(phases[1])


def _one_way(field: Any, phases: Any, distance: Any, *rest: Any) -> Any:
    return diffract(field, phases, jnp.abs(distance), *rest)


@partial(jax.jit, static_argnums=(0, 3))
def _currents(bar: Implementation, voltages: Any, weight: Any, levels: int | None) -> Any:
    return bar(voltages, weight, 1e-6, 1e-4, levels)


def _exact(bar: Implementation, case: Case) -> float:
    voltages, weight = case.normal(3, 4), case.normal(4, 2, seed=1)
    return apart(_currents(bar, voltages, weight, None), voltages @ weight)


def _within_a_step(bar: Implementation, case: Case) -> float:
    """With nine levels a weight is off by half a step of max|W| / 8 at most; by more than that is the residual."""
    weight = case.normal(4, 2, seed=1)
    error = np.abs(np.asarray(_currents(bar, np.eye(4), weight, 9)) - weight)
    return max(0.0, float(error.max() / (np.abs(weight).max() / 8) - 0.5))


def _single(voltages: Any, weight: Any, lowest: float, highest: float, levels: int | None) -> Any:
    return crossbar(voltages, jnp.maximum(weight, 0), lowest, highest, levels)


def _lowest_left(voltages: Any, weight: Any, lowest: float, highest: float, levels: int | None) -> Any:
    """The least conductance of the one column is not subtracted with the other."""
    rest = jnp.sum(voltages, -1, keepdims=True) * lowest / (highest - lowest) * jnp.max(jnp.abs(weight))
    return crossbar(voltages, weight, lowest, highest, levels) + rest


def _rounded_down(voltages: Any, weight: Any, lowest: float, highest: float, levels: int | None) -> Any:
    step = jnp.max(jnp.abs(weight)) / 8
    return voltages @ (jnp.trunc(weight / step) * step)


TERMS = (
    Term(
        "optical-nn",
        mzi_mesh,
        (
            Property("As much light leaves as enters.", _power, 1e-12, _MESHES),
            Property(
                "An interferometer is two couplers of equal parts with a delay between them and one before.",
                _couplers,
                1e-12,
                _ORDERS,
            ),
            Property("Any unitary matrix is a triangle of interferometers.", _any_unitary, 1e-12, _ORDERS),
            Property("Any matrix is two triangles with attenuators between them.", _any_matrix, 1e-11, _MESHES),
        ),
    ),
    Term(
        "diffractive-nn",
        diffract,
        (
            Property(
                "No light is lost where pixels hold only waves that travel.",
                _conserved,
                1e-12,
                (
                    Mistake("masks that darken", _shading),
                    Mistake("delays as amplitudes", lambda u, p, *rest: diffract(u * jnp.exp(p[0]), p, *rest)),
                ),
            ),
            Property(
                "Backwards through the masks the field is what it was.",
                _back,
                1e-11,
                (Mistake("masks that darken", _shading), Mistake("light that only goes forwards", _one_way)),
            ),
            Property(
                "A plane wave turns by its wave number along the way, and does not travel if it is too fine.",
                _plane_wave,
                1e-10,
                (
                    Mistake("Fresnel's approximation", _paraxial),
                    Mistake("1 / λ for the wave number", lambda u, p, z, w, s: diffract(u, p, z, 2 * np.pi * w, s)),
                ),
            ),
        ),
    ),
    Term(
        "memristive",
        crossbar,
        (
            Property(
                "Without levels its currents are the product of voltages and weights.",
                _exact,
                1e-12,
                (
                    Mistake("one column for a weight", _single),
                    Mistake("the least conductance left in", _lowest_left),
                ),
            ),
            Property(
                "With levels each weight is off by half a step at most.",
                _within_a_step,
                1e-12,
                (
                    Mistake("rounded towards 0", _rounded_down),
                    Mistake("one column for a weight", _single),
                ),
            ),
        ),
    ),
)
