"""What must hold of flows: exact inverses, log-determinants and densities."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import scipy.stats

from netspec.vocabulary.cases import Case, apart
from netspec.vocabulary.generative.flows import affine_coupling, flow_log_density, glow_step
from netspec.vocabulary.programs import traced
from netspec.vocabulary.term import Implementation, Mistake, Property, Term


@traced
def _through_affine(density: Implementation, x: Any, matrices: Any, shift: Any, log_dets: Any) -> Any:
    def linear(matrix: Any, shift: Any, log_det: Any) -> Any:
        return lambda x: (x @ matrix + shift, jnp.full(len(x), log_det))

    return density(x, [linear(matrices[0], shift, log_dets[0]), linear(matrices[1], 0.0, log_dets[1])])


def _affine_density(density: Implementation, case: Case) -> float:
    """Two affine maps make a normal distribution of which scipy knows the density."""
    (first, second, x), shift = case.normal(3, 2, 2), case.normal(2, seed=1)
    back, matrices = np.linalg.inv(first @ second), np.stack([first, second])
    exact = scipy.stats.multivariate_normal(-shift @ second @ back, back.T @ back)
    found = _through_affine(density, x, matrices, shift, np.linalg.slogdet(matrices)[1])
    return apart(found, exact.logpdf(x))


@traced
def _through_sinh(density: Implementation, x: Any, stretch: Any, shift: Any) -> Any:
    def bend(x: Any) -> Any:
        return jnp.sinh(stretch * x + shift), jnp.log(stretch * jnp.cosh(stretch * x + shift))[:, 0]

    return density(x, [bend])


def _integrates(density: Implementation, case: Case) -> float:
    """∫ exp log p = 1 for a bent density of one number; it falls fast enough for the trapezoidal rule."""
    x = np.linspace(-12, 12, 2001)
    log_density = _through_sinh(density, x[:, None], *case.uniform(2, low=0.5, high=1.5))
    return apart(np.trapezoid(np.exp(log_density), x), 1.0)


_DENSITIES = (
    Mistake("log-determinant subtracted", lambda x, flows: flow_log_density(x, [_signed(f, -1) for f in flows])),
    Mistake("no log-determinant", lambda x, flows: flow_log_density(x, [_signed(f, 0) for f in flows])),
)


def _signed(flow: Any, sign: int) -> Any:
    def other(x: Any) -> Any:
        y, log_det = flow(x)
        return y, sign * log_det

    return other


def _network(weight: Any) -> Callable[[jax.Array], tuple[jax.Array, jax.Array]]:
    """A layer of tanh: log-scales and shifts for the features that are not seen."""

    def network(half: jax.Array) -> tuple[jax.Array, jax.Array]:
        scales, shifts = jnp.split(jnp.tanh(half @ weight), 2, axis=-1)
        return scales, shifts

    return network


@traced
def _coupled(coupling: Implementation, x: Any, weight: Any) -> Any:
    """There, and there and back."""
    there = coupling(x, _network(weight))
    return there, coupling(there[0], _network(weight), True)


@traced
def _jacobian(coupling: Implementation, x: Any, weight: Any) -> Any:
    """The log-determinants, and the Jacobian of each example."""

    def summed(x: Any) -> Any:
        y, log_det = coupling(x, _network(weight))
        return y.sum(0), log_det

    jacobian, log_det = jax.jacfwd(summed, has_aux=True)(x)
    return log_det, jacobian


def _undone(coupling: Implementation, case: Case) -> float:
    x = case.normal(3, 4)
    (_, log_det), (back, other) = _coupled(coupling, x, case.normal(2, 4, seed=1))
    return max(apart(back, x), apart(-other, log_det))


def _volume(coupling: Implementation, case: Case) -> float:
    """Examples do not meet, so the sum over them has all of their Jacobians."""
    log_det, jacobian = _jacobian(coupling, case.normal(3, 4), case.normal(2, 4, seed=1))
    return apart(log_det, np.linalg.slogdet(np.moveaxis(jacobian, 1, 0))[1])


def _first_half_kept(coupling: Implementation, case: Case) -> float:
    x = case.normal(3, 4)
    (y, _), _ = _coupled(coupling, x, case.normal(2, 4, seed=1))
    return apart(y[:, :2], x[:, :2])


def _shift_first(x: Any, network: Any, inverse: bool = False) -> Any:
    """An inverse that divides before it subtracts."""
    y, log_det = affine_coupling(x, network, inverse)
    if not inverse:
        return y, log_det
    log_scale, shift = network(x[:, :2])
    return jnp.concatenate([x[:, :2], x[:, 2:] * jnp.exp(-log_scale) - shift], -1), log_det


def _sum_of_scales(x: Any, network: Any, inverse: bool = False) -> Any:
    y, _ = affine_coupling(x, network, inverse)
    return y, jnp.sum(jnp.exp(network(x[:, :2])[0]), -1)


def _same_sign(x: Any, network: Any, inverse: bool = False) -> Any:
    y, log_det = affine_coupling(x, network, inverse)
    return y, -log_det if inverse else log_det


def _of_inverse(x: Any, network: Any, inverse: bool = False) -> Any:
    y, log_det = affine_coupling(x, network, inverse)
    return y, -log_det


def _of_other_half(x: Any, network: Any, inverse: bool = False) -> Any:
    y, log_det = affine_coupling(jnp.flip(x, -1), network, inverse)
    return jnp.flip(y, -1), log_det


@traced
def _glow(step: Implementation, x: Any, scale: Any, shift: Any, weight: Any, coupling: Any) -> Any:
    return step(x, scale, shift, weight, _network(coupling))


@traced
def _glow_back(step: Implementation, y: Any, scale: Any, shift: Any, weight: Any, coupling: Any) -> Any:
    return step(y, scale, shift, weight, _network(coupling), True)


def _parts(case: Case, bend: float = 1.0) -> tuple[Any, ...]:
    """Scale, shift, matrix and the coupling's network; without ``bend`` all but the matrix do nothing."""
    weight = np.linalg.qr(case.normal(3, 3, seed=1))[0] * case.uniform(3, low=0.5, high=2, seed=2)
    scale = case.uniform(3, low=0.5, high=2, seed=3) ** bend
    return scale, bend * case.normal(3, seed=4), weight, bend * case.normal(1, 4, seed=5)


def _glow_undone(step: Implementation, case: Case) -> float:
    x, parts = case.normal(2, 2, 2, 3), _parts(case)
    y, log_det = _glow(step, x, *parts)
    back, other = _glow_back(step, y, *parts)
    return max(apart(back, x), apart(-other, log_det))


def _glow_volume(step: Implementation, case: Case) -> float:
    """The Jacobian of one image by central differences, all in one batch; its determinant to their accuracy."""
    x, parts, small = case.normal(12), _parts(case), 1e-5
    moved = np.concatenate([x + small * np.eye(12), x - small * np.eye(12)]).reshape(24, 2, 2, 3)
    y, log_det = _glow(step, moved, *parts)
    ahead, behind = np.asarray(y).reshape(2, 12, 12)
    return apart(np.mean(log_det), np.linalg.slogdet((ahead - behind) / (2 * small))[1])


def _only_mixing(step: Implementation, case: Case) -> float:
    """What is left is a matrix at each pixel, whose log-determinant counts once a pixel."""
    x, parts = case.normal(2, 2, 2, 3), _parts(case, bend=0.0)
    y, log_det = _glow(step, x, *parts)
    expected = np.full(2, 4 * np.log(abs(np.linalg.det(parts[2]))))
    return max(apart(y, np.einsum("bhwi,io->bhwo", x, parts[2])), apart(log_det, expected))


def _once(x: Any, scale: Any, shift: Any, weight: Any, network: Any, inverse: bool = False) -> Any:
    """The matrix's log-determinant counted once an image."""
    y, log_det = glow_step(x, scale, shift, weight, network, inverse)
    return y, log_det - (-1 if inverse else 1) * 3 * jnp.linalg.slogdet(weight)[1]


def _without_actnorm(x: Any, scale: Any, shift: Any, weight: Any, network: Any, inverse: bool = False) -> Any:
    y, log_det = glow_step(x, scale, shift, weight, network, inverse)
    return y, log_det - (-1 if inverse else 1) * 4 * jnp.sum(jnp.log(scale))


def _transposed(x: Any, scale: Any, shift: Any, weight: Any, network: Any, inverse: bool = False) -> Any:
    """An inverse that takes the matrix for a rotation."""
    if not inverse:
        return glow_step(x, scale, shift, weight, network)
    mixed, log_det = affine_coupling(x, network, True)
    return (mixed @ weight.T - shift) / scale, log_det


TERMS = (
    Term(
        "normalizing-flow",
        flow_log_density,
        (
            Property(
                "Through affine maps it is the density of a normal distribution.", _affine_density, 1e-11, _DENSITIES
            ),
            Property("However it is bent, the density integrates to 1.", _integrates, 1e-10, _DENSITIES),
        ),
    ),
    Term(
        "realnvp",
        affine_coupling,
        (
            Property(
                "The inverse gives x back, and its log-determinant is the negative.",
                _undone,
                1e-12,
                (
                    Mistake("the inverse divides before it subtracts", _shift_first),
                    Mistake(
                        "the log-determinant of the way there", lambda x, n, i=False: (affine_coupling(x, n, i)[0], 1.0)
                    ),
                ),
            ),
            Property(
                "The log-determinant is that of the Jacobian.",
                _volume,
                1e-11,
                (
                    Mistake("scales summed, not their logarithms", _sum_of_scales),
                    Mistake("of the inverse", _of_inverse),
                ),
            ),
            Property(
                "The first half leaves as it came.",
                _first_half_kept,
                0.0,
                (
                    Mistake("the last half", _of_other_half),
                    Mistake("a bend of all", lambda x, n, i=False: (jnp.sinh(x), jnp.sum(x, -1))),
                ),
            ),
        ),
    ),
    Term(
        "glow",
        glow_step,
        (
            Property(
                "The inverse gives x back, and its log-determinant is the negative.",
                _glow_undone,
                1e-10,
                (Mistake("the transposed matrix for the inverse", _transposed),),
            ),
            Property(
                "The log-determinant is that of the Jacobian of the whole image, by differences.",
                _glow_volume,
                1e-8,
                (
                    Mistake("the matrix counted once an image", _once),
                    Mistake("without the scales of the channels", _without_actnorm),
                ),
            ),
            Property(
                "Alone, the 1×1 convolution has H W log|det W|.",
                _only_mixing,
                1e-11,
                (
                    Mistake("the matrix counted once an image", _once),
                    Mistake("the transposed matrix", lambda x, s, b, w, *rest: glow_step(x, s, b, w.T, *rest)),
                ),
            ),
        ),
    ),
)
