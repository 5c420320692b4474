"""What must hold of the norms of weights."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from netspec.vocabulary import norms
from netspec.vocabulary.cases import Case, apart
from netspec.vocabulary.term import Implementation, Mistake, Property, Term

IN, OUT = 4, 3
#: The second singular value is a third of the first, so each step shrinks what is left over ninefold.
SINGULAR, STEPS = np.array([3.0, 1.0, 0.5]), 20


def _weights(case: Case) -> tuple[np.ndarray, np.ndarray]:
    return case.normal(IN, OUT), case.normal(OUT, seed=1)


def _lengths(weight_norm: Implementation, case: Case) -> float:
    direction, gain = _weights(case)
    kernel = np.asarray(weight_norm(direction, gain))
    cosine = (kernel * direction).sum(0) / np.linalg.norm(kernel, axis=0) / np.linalg.norm(direction, axis=0)
    return max(apart(np.linalg.norm(kernel, axis=0), np.abs(gain)), apart(cosine, np.sign(gain)))


def _as_flax(weight_norm: Implementation, case: Case) -> float:
    (direction, gain), x = _weights(case), case.normal(5, IN, seed=2)
    linear = nnx.Linear(IN, OUT, use_bias=False, rngs=nnx.Rngs(0))
    linear.kernel = nnx.Param(jnp.asarray(direction))
    layer = nnx.WeightNorm(linear, epsilon=0.0, scale_init=lambda *_: jnp.asarray(gain), rngs=nnx.Rngs(0))
    return apart(x @ np.asarray(weight_norm(direction, gain)), layer(jnp.asarray(x)))


def _orthogonal(weight_norm: Implementation, case: Case) -> float:
    """In units of what arrives; and the gradient is not zero."""
    (direction, gain), arriving = _weights(case), case.normal(IN, OUT, seed=3)
    found = np.asarray(_gradient(weight_norm)(direction, gain, arriving))
    across = np.abs((found * direction).sum(0)).max()
    return float(across) if np.abs(found).max() > 0.1 else float("inf")


@cache
def _gradient(weight_norm: Implementation) -> Callable[..., jax.Array]:
    return jax.jit(jax.grad(lambda direction, gain, arriving: (arriving * weight_norm(direction, gain)).sum()))


def _matrix(case: Case) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A matrix ``(IN, OUT)`` of known singular values, and the vectors of the largest."""
    left, _ = np.linalg.qr(case.normal(IN, OUT))
    right, _ = np.linalg.qr(case.normal(OUT, OUT, seed=1))
    return left * SINGULAR @ right.T, left[:, 0], right[:, 0]


def _spectrum(spectral_norm: Implementation, case: Case) -> float:
    kernel = 4 * _matrix(case)[0]
    found = np.linalg.svd(np.asarray(spectral_norm(kernel, case.normal(OUT, seed=2), STEPS)[0]), compute_uv=False)
    return apart(found, SINGULAR / SINGULAR[0])


def _constant_vectors(spectral_norm: Implementation, case: Case) -> float:
    """Miyato et al. 2018, sec. 2.3: what arrives, less its part along the normalised kernel times u vᵀ, over σ."""
    kernel, u, v = _matrix(case)
    arriving = case.normal(IN, OUT, seed=3)
    expected = (arriving - (arriving * kernel).sum() / SINGULAR[0] * np.outer(u, v)) / SINGULAR[0]
    return apart(_through(spectral_norm)(kernel, case.normal(OUT, seed=2), arriving), expected)


@cache
def _through(spectral_norm: Implementation) -> Callable[..., jax.Array]:
    return jax.jit(jax.grad(lambda kernel, start, arriving: (arriving * spectral_norm(kernel, start, STEPS)[0]).sum()))


def _one_step(spectral_norm: Implementation, case: Case) -> float:
    kernel, start, x = case.normal(IN, OUT), case.normal(OUT, seed=2), case.normal(5, IN, seed=3)
    linear = nnx.Linear(IN, OUT, use_bias=False, rngs=nnx.Rngs(0))
    linear.kernel = nnx.Param(jnp.asarray(kernel))
    layer = nnx.SpectralNorm(linear, epsilon=0.0, param_dtype=jnp.float64, rngs=nnx.Rngs(0))
    layer.batch_stats["kernel", "u"] = nnx.BatchStat(jnp.asarray(start[None]))
    normed, u = spectral_norm(kernel, start, 1)
    theirs = layer(jnp.asarray(x))
    return max(apart(x @ np.asarray(normed), theirs), apart(u, layer.batch_stats["kernel", "u"][0]))


def _frobenius(kernel: jax.Array, start: jax.Array, steps: int) -> tuple[Any, Any]:
    return kernel / jnp.sqrt(jnp.square(kernel).sum()), start


def _squared(kernel: jax.Array, start: jax.Array, steps: int) -> tuple[jax.Array, jax.Array]:
    normed, u = norms.spectral_norm(kernel, start, steps)
    return normed * (normed / kernel).mean(), u


def _few_steps(kernel: jax.Array, start: jax.Array, steps: int) -> tuple[jax.Array, jax.Array]:
    return norms.spectral_norm(kernel, start, 1)


def _detached(kernel: jax.Array, start: jax.Array, steps: int) -> tuple[jax.Array, jax.Array]:
    normed, u = norms.spectral_norm(jax.lax.stop_gradient(kernel), start, steps)
    return kernel * jax.lax.stop_gradient((normed / kernel).mean()), u


TERMS = (
    Term(
        "weightnorm",
        norms.weight_norm,
        (
            Property(
                "The weights of a unit are as long as its gain says and point where its direction does.",
                _lengths,
                1e-12,
                (
                    Mistake("one length for the whole matrix", lambda v, g: g * v / np.linalg.norm(v)),
                    Mistake(
                        "by rows, the inputs of all units", lambda v, g: g * v / np.linalg.norm(v, axis=1)[:, None]
                    ),
                    Mistake("the sum of squares without its root", lambda v, g: g * v / np.square(v).sum(0)),
                ),
            ),
            Property(
                "A dense layer with it computes what flax's wrapper does.",
                _as_flax,
                1e-12,
                (
                    Mistake("one gain, the first, for all units", lambda v, g: g[0] * v / np.linalg.norm(v, axis=0)),
                    Mistake("no gain", lambda v, g: v / np.linalg.norm(v, axis=0)),
                ),
            ),
            Property(
                "The gradient of a direction is orthogonal to it.",
                _orthogonal,
                1e-13,
                (
                    Mistake(
                        "a length that counts as constant",
                        lambda v, g: g * v / jax.lax.stop_gradient(jnp.linalg.norm(v, axis=0)),
                    ),
                    Mistake("one length for the whole matrix", lambda v, g: g * v / jnp.linalg.norm(v)),
                ),
            ),
        ),
    ),
    Term(
        "spectralnorm",
        norms.spectral_norm,
        (
            Property(
                "After 20 steps the largest singular value is 1, and the others keep their ratios to it.",
                _spectrum,
                1e-12,
                (
                    Mistake("divided by the Frobenius norm", _frobenius),
                    Mistake("one step whatever is asked for", _few_steps),
                    Mistake("divided by the square", _squared),
                ),
            ),
            Property(
                "Its gradient is that with constant singular vectors: (C − ⟨C, W/σ⟩·u vᵀ) / σ.",
                _constant_vectors,
                1e-11,
                (
                    Mistake("σ counts as constant too", _detached),
                    Mistake("divided by the Frobenius norm", _frobenius),
                ),
            ),
            Property(
                "One step from the same vectors gives what flax's wrapper gives.",
                _one_step,
                1e-12,
                (
                    Mistake("divided by the Frobenius norm", _frobenius),
                    Mistake("two steps", lambda kernel, start, steps: norms.spectral_norm(kernel, start, 2)),
                ),
            ),
        ),
    ),
)
