"""What must hold of the optimizers that estimate: curvature from a product, squares from sums of rows and columns."""

from __future__ import annotations

from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from netspec.vocabulary import optimizers
from netspec.vocabulary.cases import Case, apart, wrong
from netspec.vocabulary.properties.optimizers.walk import STEPS, drawn, walked
from netspec.vocabulary.term import Implementation, Mistake, Property, Term


@cache
def _sophia_program(make: Implementation) -> Any:
    """Three steps down ½ Σ h w², compiled; options are α 0.1, β 0.8 and 0.7, γ 0.5, λ 0.2, and h every 2 steps."""
    optimizer = make(0.1, 0.8, 0.7, 0.5, 1e-8, 0.2, 2)

    def run(curvature: jax.Array, w: jax.Array) -> jax.Array:
        def loss(w: jax.Array) -> jax.Array:
            return (curvature * w**2).sum() / 2

        def once(carry: Any, _: None) -> Any:
            w, state = carry
            step, state = optimizer.update(curvature * w, state, w, obj_fn=loss)
            return (w + step, state), w + step

        return jax.lax.scan(once, (w, optimizer.init(w)), length=STEPS)[1]

    return jax.jit(run)


def _sophia_formula(make: Implementation, case: Case) -> float:
    """Signs of ±1 give the diagonal exactly, since the curvature has nothing else. h is that of the step before."""
    curvature, start = case.uniform(3, low=0.5, high=5.0), case.normal(3, seed=1)
    w, m, h, expected = start, 0.0, np.zeros(3), []
    for t in range(STEPS):
        m = 0.8 * m + 0.2 * curvature * w
        ratio = m / (1 - 0.8 ** (t + 1)) / np.maximum(0.5 * h, 1e-8)
        if t % 2 == 0:
            h = 0.7 * h + 0.3 * curvature
        w = w - 0.1 * (np.clip(ratio, -1, 1) + 0.2 * w)
        expected.append(w)
    return apart(_sophia_program(make)(curvature, start), expected)


def _unclipped(rate: float, b1: float, b2: float, gamma: float, eps: float, decay: float, interval: int) -> Any:
    return optax.contrib.sophia(rate, b1, b2, eps, decay, gamma=gamma, clip_threshold=None, update_interval=interval)


def _always(rate: float, b1: float, b2: float, gamma: float, eps: float, decay: float, interval: int) -> Any:
    return optimizers.sophia(rate, b1, b2, gamma, eps, decay, 1)


def _root_of_curvature(rate: float, b1: float, b2: float, gamma: float, eps: float, decay: float, interval: int) -> Any:
    """Squared gradients in place of curvature: Adam."""
    return optax.with_extra_args_support(optax.adamw(rate, b1, b2, eps, weight_decay=decay))


def _adafactor_formula(make: Implementation, case: Case) -> float:
    """Row and column sums forget by 1 − t^(−0.8), and V = R Cᵀ / Σ R."""
    start, gradients = drawn(case, 3, 2)
    w, rows, columns, expected = start, 0.0, 0.0, []
    for t, g in enumerate(gradients, 1):
        keep = 1 - t**-0.8
        rows = keep * rows + (1 - keep) * (g**2).sum(1)
        columns = keep * columns + (1 - keep) * (g**2).sum(0)
        w = w - 0.1 * g / np.sqrt(np.outer(rows, columns) / rows.sum())
        expected.append(w.ravel())
    found = walked(make(0.1, least=2, scaled=False, clip=None), start, gradients)
    return apart(found, expected)


def _rank_one(make: Implementation, case: Case) -> float:
    """Squared gradients that are a product of rows and columns are kept exactly: every step is the rate."""
    gradient = np.outer(case.normal(3), case.normal(2, seed=1))
    path = walked(make(0.1, least=2, scaled=False, clip=None), np.zeros((3, 2)), [gradient])
    return apart(path[0], -0.1 * np.sign(gradient).ravel())


def _bounded(make: Implementation, case: Case) -> float:
    """However uneven its gradients, a step has a root mean square of at most α RMS(θ)."""
    start, gradients = drawn(case, 3, 2)
    gradients[1] *= 100  # nothing of what is remembered prepares for this
    path = walked(make(0.1, least=2), start, gradients)
    path = np.concatenate([start.ravel()[None], path])
    size = np.sqrt((path[:-1] ** 2).mean(-1))
    return max(0.0, (np.sqrt((np.diff(path, axis=0) ** 2).mean(-1)) / size).max() / 0.1 - 1)


def _memory(make: Implementation, case: Case) -> float:
    """Of a matrix of d by k it keeps d + k numbers."""
    rows, columns = 128 + case.batch, 130 + case.channels
    state = jax.eval_shape(make(0.1).init, jax.ShapeDtypeStruct((rows, columns), jnp.float64))
    return wrong(sum(leaf.size for leaf in jax.tree.leaves(state) if leaf.size > 1) == rows + columns)


def _outer(rate: float, least: int = 128, scaled: bool = True, clip: float | None = 1.0) -> Any:
    """V = R Cᵀ, of sums of rows and columns, without the division by the sum of all."""

    def update(gradient: Any, state: Any, parameters: Any = None) -> Any:
        count, rows, columns = state
        keep = 1 - (count + 1.0) ** -0.8
        rows = keep * rows + (1 - keep) * (gradient**2).sum(1)
        columns = keep * columns + (1 - keep) * (gradient**2).sum(0)
        return -rate * gradient / jnp.sqrt(jnp.outer(rows, columns)), (count + 1, rows, columns)

    return optax.GradientTransformation(lambda w: (0, jnp.zeros(len(w)), jnp.zeros(len(w[0]))), update)


def _every_number(rate: float, least: int = 128, scaled: bool = True, clip: float | None = 1.0) -> Any:
    """Not factored."""
    return optax.adafactor(rate, multiply_by_parameter_scale=scaled, clipping_threshold=clip, factored=False)


TERMS = (
    Term(
        "sophia",
        optimizers.sophia,
        (
            Property(
                "Where curvature has no mixed terms three steps are those of the formula with the exact diagonal.",
                _sophia_formula,
                1e-12,
                (
                    Mistake("not clipped", _unclipped),
                    Mistake("the curvature at every step", _always),
                    Mistake("squared gradients for curvature", _root_of_curvature),
                ),
            ),
        ),
    ),
    Term(
        "adafactor",
        optimizers.adafactor,
        (
            Property(
                "Three steps are those of the formula.",
                _adafactor_formula,
                1e-7,  # optax counts 1 − t^(−0.8) in float32
                (
                    Mistake("R Cᵀ without the division by Σ R", _outer, line=3430),
                    Mistake("every number kept", _every_number),
                ),
            ),
            Property(
                "Squares that are a product of rows and columns are kept exactly.",
                _rank_one,
                1e-12,
                (Mistake("R Cᵀ without the division by Σ R", _outer, line=3430),),
            ),
            Property(
                "A step is at most α RMS(θ), whatever the gradients.",
                _bounded,
                1e-12,
                (Mistake("not clipped", lambda a, least: optimizers.adafactor(a, least, clip=None)),),
            ),
            Property(
                "Of a matrix of d by k it keeps d + k numbers.",
                _memory,
                0.0,
                (
                    Mistake("Adam's 2 d k", optimizers.adam),
                    Mistake("every number kept", _every_number),
                ),
            ),
        ),
    ),
)
