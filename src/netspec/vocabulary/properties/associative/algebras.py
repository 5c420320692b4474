"""What must hold of layers over complex numbers and quaternions, and of layers of curves."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from scipy.interpolate import BSpline
from scipy.spatial.transform import Rotation

from netspec.vocabulary.associative.algebras import complex_layer, quaternion_dense, quaternion_product
from netspec.vocabulary.associative.splines import b_splines, kan_layer
from netspec.vocabulary.cases import Case, apart
from netspec.vocabulary.programs import traced
from netspec.vocabulary.term import Implementation, Mistake, Property, Term


@traced
def _complex(layer: Implementation, z: Any, weight: Any, bias: Any) -> Any:
    return layer(z, weight, bias)


def _complex_inputs(case: Case) -> tuple[np.ndarray, ...]:
    z, weight = case.normal(3, 4) + 1j * case.normal(3, 4, seed=1), case.normal(4, 2) + 1j * case.normal(4, 2, seed=2)
    return z, weight, case.normal(2, seed=3)


def _real_form(layer: Implementation, case: Case) -> float:
    """Without a bias it is the real matrix [[A, B], [−B, A]] on (x, y)."""
    z, weight, bias = _complex_inputs(case)
    a, b = weight.real, weight.imag
    expected = np.hstack([z.real, z.imag]) @ np.block([[a, b], [-b, a]])
    found = _complex(layer, z, weight, 0 * bias)
    return apart(np.hstack([found.real, found.imag]), expected)


def _phase(layer: Implementation, case: Case) -> float:
    """All inputs turned by an angle, all outputs are."""
    z, weight, bias = _complex_inputs(case)
    turn = np.exp(1j * case.uniform(low=0.5, high=3))
    return apart(_complex(layer, turn * z, weight, bias), turn * _complex(layer, z, weight, bias))


def _split_relu(z: Any, weight: Any, bias: Any) -> Any:
    mixed = z @ weight + bias
    return jax.nn.relu(mixed.real) + 1j * jax.nn.relu(mixed.imag)


def _real_parts(z: Any, weight: Any, bias: Any) -> Any:
    """Real parts with real weights, imaginary ones with imaginary."""
    return z.real @ weight.real + 1j * (z.imag @ weight.imag)


@traced
def _quaternions(dense: Implementation, x: Any, weight: Any) -> Any:
    return dense(x, weight)


def _matrix(w: Any) -> np.ndarray:
    """The 4 × 4 matrix that multiplies by w from the left."""
    a, b, c, d = np.moveaxis(w, -1, 0)
    rows = ((a, -b, -c, -d), (b, a, -d, c), (c, d, a, -b), (d, -c, b, a))
    return np.stack([np.stack(row, -1) for row in rows], -2)


def _as_matrices(dense: Implementation, case: Case) -> float:
    x, weight = case.normal(3, 2, 4), case.normal(2, 5, 4, seed=1)
    return apart(_quaternions(dense, x, weight), np.einsum("ioab,nib->noa", _matrix(weight), x))


def _turns(dense: Implementation, case: Case) -> float:
    """q ⊗ v ⊗ q* is scipy's rotation; the second product by (q ⊗ u*)* = u ⊗ q*."""
    rotation = Rotation.random(rng=case.seed)
    q, v = rotation.as_quat(scalar_first=True), case.normal(3, seed=1)
    conjugate = np.array([1, -1, -1, -1])

    def times(left: Any, right: Any) -> np.ndarray:
        padded = np.zeros((3, 2, 4))
        padded[0, 0] = right
        weight = np.zeros((2, 5, 4))
        weight[0, 0] = left
        return _quaternions(dense, padded, weight)[0, 0]

    half = times(q, np.append(0, v))
    return apart(conjugate * times(q, conjugate * half), np.append(0, rotation.apply(v)))


def _norms(dense: Implementation, case: Case) -> float:
    """Of one input and one output, the length is the product of the lengths."""
    x, weight = case.normal(3, 2, 4) * np.array([[1], [0]]), case.normal(2, 5, 4, seed=1)
    lengths = np.linalg.norm(x[:, :1], axis=-1) * np.linalg.norm(weight[0], axis=-1)
    return apart(np.linalg.norm(_quaternions(dense, x, weight), axis=-1), lengths)


def _from_the_right(x: Any, weight: Any) -> Any:
    return jnp.sum(quaternion_product(x[:, :, None], weight), 1)


def _wrong_sign(x: Any, weight: Any) -> Any:
    """i ⊗ j = −k, but the other products as they are."""
    wrong = jnp.einsum("io,ni->no", weight[..., 1], x[..., 2])
    return quaternion_dense(x, weight).at[..., 3].add(-2 * wrong)


def _alone(x: Any, weight: Any) -> Any:
    """Part by part, as real numbers."""
    return jnp.einsum("ioa,nia->noa", weight, x)


KNOTS = np.linspace(-2.2, 2.2, 12)  # grid −1 to 1 of five intervals, with three more on either side


@traced
def _kan(layer: Implementation, x: Any, coefficients: Any, base: Any) -> Any:
    return layer(x, coefficients, base, KNOTS)


def _scipy(layer: Implementation, case: Case) -> float:
    x, coefficients, base = case.uniform(4, 2, low=-1, high=1), case.normal(2, 3, 8), case.normal(2, 3, seed=1)
    expected = x / (1 + np.exp(-x)) @ base
    for source in range(2):
        expected = expected + BSpline(KNOTS, coefficients[source].T, 3)(x[:, source])
    return apart(_kan(layer, x, coefficients, base), expected)


def _sum_to_one(layer: Implementation, case: Case) -> float:
    """Inside the grid all splines sum to 1, so equal coefficients give their sum over inputs and nothing else."""
    x, coefficients = case.uniform(4, 2, low=-1, high=1), np.ones((2, 3, 8))
    return apart(_kan(layer, x, coefficients, np.zeros((2, 3))), np.full((4, 3), 2.0))


def _hats(x: Any, coefficients: Any, base: Any, knots: Any) -> Any:
    """Straight pieces for cubic ones, at the same centres."""
    return kan_layer(x, coefficients, base, knots[1:-1], order=1)


def _rising_only(x: Any, coefficients: Any, base: Any, knots: Any) -> Any:
    """The recursion without its second half."""
    basis = b_splines(x, knots, 0)
    for degree in range(1, 4):
        rising = (x[..., None] - knots[: -degree - 1]) / (knots[degree:-1] - knots[: -degree - 1])
        basis = rising * basis[..., :-1]
    return jax.nn.silu(x) @ base + jnp.einsum("...is,ios->...o", basis, coefficients)


def _with_relu(x: Any, coefficients: Any, base: Any, knots: Any) -> Any:
    return kan_layer(x, coefficients, 0 * base, knots) + jax.nn.relu(x) @ base


TERMS = (
    Term(
        "complex-nn",
        complex_layer,
        (
            Property(
                "Without a bias it is a real matrix of two by two blocks on real and imaginary parts.",
                _real_form,
                1e-12,
                (
                    Mistake("the conjugate of the weights", lambda z, w, b: complex_layer(z, jnp.conj(w), b)),
                    Mistake("parts that do not mix", _real_parts),
                ),
            ),
            Property(
                "Where all inputs are turned by an angle, so are all outputs.",
                _phase,
                1e-12,
                (
                    Mistake("ReLU of both parts", _split_relu),
                    Mistake("a bias that is added", lambda z, w, b: complex_layer(z, w, 0 * b) + b),
                ),
            ),
        ),
    ),
    Term(
        "quaternion-nn",
        quaternion_dense,
        (
            Property(
                "It is a matrix of four by four blocks.",
                _as_matrices,
                1e-12,
                (
                    Mistake("the weight on the right", _from_the_right),
                    Mistake("i ⊗ j = −k", _wrong_sign),
                    Mistake("part by part", _alone),
                ),
            ),
            Property(
                "A unit quaternion and its conjugate around a vector turn it, as scipy does.",
                _turns,
                1e-12,
                (
                    Mistake("the weight on the right", _from_the_right),
                    Mistake("i ⊗ j = −k", _wrong_sign),
                ),
            ),
            Property(
                "The length of a product is the product of the lengths.",
                _norms,
                1e-12,
                (Mistake("i ⊗ j = −k", _wrong_sign), Mistake("part by part", _alone)),
            ),
        ),
    ),
    Term(
        "kan",
        kan_layer,
        (
            Property(
                "Its curves are scipy's B-splines, beside silu.",
                _scipy,
                1e-12,
                (
                    Mistake("straight pieces", _hats),
                    Mistake("the recursion without its falling half", _rising_only),
                    Mistake("ReLU beside the splines", _with_relu),
                ),
            ),
            Property(
                "Inside the grid the splines sum to 1.",
                _sum_to_one,
                1e-12,
                (
                    Mistake("the recursion without its falling half", _rising_only),
                    Mistake("the mean over inputs", lambda x, c, w, t: kan_layer(x, c, w, t) / x.shape[-1]),
                ),
            ),
        ),
    ),
)
