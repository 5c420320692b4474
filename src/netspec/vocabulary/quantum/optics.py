"""Networks of light: interferometers that multiply by matrices, and masks that light is bent by."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from netspec.vocabulary import expect


def mzi_mesh(x: jax.Array, theta: jax.Array, phi: jax.Array, phases: jax.Array) -> jax.Array:
    """Multiply by a unitary matrix with light, at the speed of light and without using power for it.

    A Mach-Zehnder interferometer splits two waveguides, delays one arm and joins them again: a turn in two dimensions.
    A triangle of them makes any unitary matrix, and two triangles with attenuators between them any matrix at all.

    Formula: U = D T_K … T_1, T = i e^{iθ/2} [[e^{iφ} sin θ/2, cos θ/2], [e^{iφ} cos θ/2, −sin θ/2]] on neighbours;
        W = U S V†
    Shapes: x complex (..., modes); theta and phi (pairs,) with pairs = modes (modes − 1) / 2, phases (modes,), in
        radians; result complex (..., modes).
    Parameters: modes² angles.
    Cost: 2 multiplications a pair and mode; on a chip, losses and noise.
    Training: as in evaluation; angles that make a given matrix come from :func:`reck_angles`.
    Caveats: real devices lose light and have angles with errors, which add up with the depth of the mesh.
    Raises: VocabularyError for shapes that do not fit.
    Source: Reck et al. 1994; Clements et al. 2016 [arXiv:1603.08788]; Shen et al. 2017 [arXiv:1610.02365];
        vocabulary line 4407.

    >>> cross, none = jax.numpy.zeros(1), jax.numpy.zeros(2)  # θ = 0 swaps two waveguides
    >>> jax.numpy.abs(mzi_mesh(jax.numpy.array([1.0 + 0j, 0.0]), cross, cross, none)).tolist()
    [0.0, 1.0]
    """
    sizes = expect.axes(x=(x, "... modes"))
    sizes["pairs"] = sizes["modes"] * (sizes["modes"] - 1) // 2
    expect.axes(sizes, phases=(phases, "modes"))
    if sizes["pairs"]:
        expect.axes(sizes, theta=(theta, "pairs"), phi=(phi, "pairs"))
    front = 1j * jnp.exp(0.5j * theta)
    sin, cos, turn = front * jnp.sin(theta / 2), front * jnp.cos(theta / 2), jnp.exp(1j * phi)
    modes = [x[..., mode] for mode in range(sizes["modes"])]
    for pair, low in enumerate(_triangle(sizes["modes"])):
        first, second = turn[pair] * modes[low], modes[low + 1]
        modes[low], modes[low + 1] = sin[pair] * first + cos[pair] * second, cos[pair] * first - sin[pair] * second
    return jnp.stack(modes, -1) * jnp.exp(1j * phases)


def _triangle(modes: int) -> list[int]:
    """The first of the two modes of each interferometer, in the order in which light meets them."""
    return [low for row in range(modes - 1, 0, -1) for low in range(row)]


def reck_angles(unitary: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """``theta``, ``phi`` and ``phases`` with which :func:`mzi_mesh` multiplies by ``unitary (modes, modes)``.

    Each interferometer takes away one entry below the diagonal, last row first. Source: Reck et al. 1994.
    """
    expect.axes(unitary=(unitary, "modes modes"))
    left, modes = np.array(unitary, complex), len(unitary)
    expect.within("distance of unitary from unitary", np.abs(left @ left.conj().T - np.eye(modes)).max(), 0.0, 1e-4)
    angles = []
    for row in range(modes - 1, 0, -1):
        for low in range(row):
            first, second = left[row, low : low + 2]
            theta, phi = 2 * np.arctan2(abs(second), abs(first)), np.angle(first) - np.angle(second) + np.pi
            sin, cos, turn = np.sin(theta / 2), np.cos(theta / 2), np.exp(1j * phi)
            block = 1j * np.exp(0.5j * theta) * np.array([[turn * sin, cos], [turn * cos, -sin]])
            left[:, low : low + 2] = left[:, low : low + 2] @ block.conj().T
            angles.append((theta, phi))
    theta_phi = np.array(angles).reshape(-1, 2)
    return theta_phi[:, 0], theta_phi[:, 1], np.angle(np.diag(left))


def propagate(
    field: jax.Array, distance: float | jax.Array, wavelength: float | jax.Array, pitch: float | jax.Array
) -> jax.Array:
    """A field of light, complex ``(height, width)``, a ``distance`` further on, by its plane waves.

    All lengths are in one unit; ``pitch`` is the side of a pixel. Waves too fine to travel are dropped; there are none
    where pixels are wider than wavelength / √2. The field repeats beyond its borders.
    Source: Goodman 2017 (Introduction to Fourier optics), sec. 3.10.
    """
    expect.axes(field=(field, "height width"))
    expect.positive("wavelength", wavelength)
    expect.positive("pitch", pitch)
    down, across = (2 * np.pi * np.fft.fftfreq(size) for size in jnp.shape(field))
    forward = (2 * jnp.pi / wavelength) ** 2 - (down[:, None] ** 2 + across**2) / pitch**2
    travel = jnp.exp(1j * distance * jnp.sqrt(jnp.maximum(forward, 0)))
    return jnp.fft.ifft2(jnp.fft.fft2(field) * jnp.where(forward > 0, travel, 0))


def diffract(
    field: jax.Array,
    phases: jax.Array,
    distance: float | jax.Array,
    wavelength: float | jax.Array,
    pitch: float | jax.Array,
) -> jax.Array:
    """Let light compute by passing thin masks: each delays it pixel by pixel, and between them its waves mix.

    Every point of a mask is seen by every point of the next, so spaces are layers of connections and delays are the
    weights. Where light arrives at the end is the answer.

    Formula: u ← F⁻¹(F(u) exp(i z √(k² − k_x² − k_y²))), then u ← u e^{iφ}, for each mask, and once more to the detector
    Shapes: field complex (height, width); phases (layers, height, width) in radians; distance, wavelength and pitch of
        pixels in one unit of length; result complex (height, width), whose squared size is what a detector sees.
    Parameters: layers · height · width.
    Cost: two Fourier transforms a layer; none of it once the masks are made.
    Training: in simulation; the masks are then printed and stay.
    Caveats: all of it is linear in the field, and only the detector is not. Misplaced masks cost accuracy.
    Raises: VocabularyError for shapes that do not fit and lengths not above 0.
    Source: Lin et al. 2018 [arXiv:1804.08711]; vocabulary line 4416.

    >>> wave, flat = jax.numpy.ones((4, 4), complex), jax.numpy.zeros((2, 4, 4))
    >>> far = diffract(wave, flat, distance=1.25, wavelength=0.5, pitch=1.0)  # three times 2.5 wavelengths
    >>> round(float(far[0, 0].real), 3), round(float(abs(far[0, 0].imag)), 3)
    (-1.0, 0.0)
    """
    sizes = expect.axes(field=(field, "height width"))
    expect.axes(sizes, phases=(phases, "layers height width"))
    for mask in phases:
        field = propagate(field, distance, wavelength, pitch) * jnp.exp(1j * mask)
    return propagate(field, distance, wavelength, pitch)
