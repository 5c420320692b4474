"""What must hold of weight decay, the L1 penalty and gradient clipping."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from netspec.vocabulary import regularisers
from netspec.vocabulary.cases import Case, apart
from netspec.vocabulary.term import Implementation, Mistake, Property, Term


def _trees(case: Case) -> tuple[dict[str, jax.Array], dict[str, jax.Array]]:
    """Parameters and gradients of two tensors, of one shape, since another is another program to compile."""
    drawn = jnp.asarray(case.normal(2, 2, 3))
    parameters, gradients = ({"kernel": kernel, "bias": bias} for kernel, bias in drawn)
    return parameters, gradients


def _updates(transformation: optax.GradientTransformation, parameters: Any, gradients: Any, steps: int = 1) -> Any:
    """The last of several updates with the same gradients, from the same parameters."""
    state = transformation.init(parameters)
    for _ in range(steps):
        updates, state = transformation.update(gradients, state, parameters)
    return updates


def _flat(tree: Any) -> np.ndarray:
    return np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(tree)])


def _norm(tree: Any) -> float:
    return float(np.linalg.norm(_flat(tree)))


def _as_penalty(weight_decay: Implementation, case: Case) -> float:
    """λ/2 ‖θ‖² has the gradient λθ; with a mask only what it names decays."""
    parameters, gradients = _trees(case)
    penalty = jax.grad(lambda tree: 0.05 * sum((leaf**2).sum() for leaf in tree.values()))(parameters)
    found = _updates(weight_decay(0.1), parameters, gradients)
    masked = _updates(weight_decay(0.1, {"kernel": True, "bias": False}), parameters, gradients)
    return max(apart(_flat(found), _flat(gradients) + _flat(penalty)), apart(masked["bias"], gradients["bias"]))


def _as_adamw(weight_decay: Implementation, case: Case) -> float:
    parameters, gradients = _trees(case)
    parts = optax.chain(optax.scale_by_adam(), weight_decay(0.1), optax.scale(-1e-2))
    whole = optax.adamw(1e-2, weight_decay=0.1)
    return apart(_flat(_updates(parts, parameters, gradients, 2)), _flat(_updates(whole, parameters, gradients, 2)))


def _decays(change: Callable[[Any, Any, float], Any]) -> Implementation:
    """A transformation that does something else to gradient and parameter."""

    def build(strength: float, mask: Any = None) -> optax.GradientTransformation:
        def update(updates: Any, state: Any, parameters: Any) -> tuple[Any, Any]:
            return jax.tree.map(lambda u, p: change(u, p, strength), updates, parameters), state

        return optax.GradientTransformation(lambda parameters: optax.EmptyState(), update)

    return build


def _proximal(l1_penalty: Implementation, case: Case) -> float:
    """½(v − w)² + penalty(v) is least at the soft threshold, of a grid of v; by how much it is undercut."""
    grid = np.linspace(-3, 3, 25)
    worst = 0.0
    for w in case.normal(4):
        best = np.asarray(regularisers.soft_threshold(w, 0.3))
        among = [0.5 * (v - w) ** 2 + float(l1_penalty([np.full(1, v)], 0.3)) for v in (best, *grid)]
        worst = max(worst, among[0] - min(among))
    return worst


def _l1(l1_penalty: Implementation, case: Case) -> float:
    weights, _ = _trees(case)
    return max(
        apart(l1_penalty(weights, 0.1), 0.1 * np.abs(_flat(weights)).sum()),
        apart(_flat(_gradient(l1_penalty)(weights)), 0.1 * np.sign(_flat(weights))),
    )


@cache
def _gradient(l1_penalty: Implementation) -> Callable[[Any], Any]:
    return jax.jit(jax.grad(lambda weights: l1_penalty(weights, 0.1)))


def _clipped(clip: Implementation, case: Case) -> float:
    """The norm over all tensors is the bound, the direction that which it was, and what is below stays."""
    _, gradients = _trees(case)
    before, norm = _flat(gradients), _norm(gradients)
    return max(
        apart(_flat(clip(gradients, norm / 3)), before / 3),
        apart(_flat(clip(gradients, 1.001 * norm)), before),
    )


def _clip_limits(clip: Implementation, case: Case) -> float:
    """Never longer than the bound, however long; and of gradients of zero nothing becomes infinite."""
    _, gradients = _trees(case)
    long = jax.tree.map(lambda leaf: 1e6 * leaf, gradients)
    zero = jax.tree.map(lambda leaf: 0 * leaf, gradients)
    return max(abs(_norm(clip(long, 2.0)) / 2 - 1), float(np.abs(_flat(clip(zero, 2.0))).max()))


def _by_value(gradients: Any, bound: float) -> Any:
    return jax.tree.map(lambda leaf: np.clip(leaf, -bound, bound), gradients)


def _by_tensor(gradients: Any, bound: float) -> Any:
    return jax.tree.map(lambda leaf: leaf * min(1, bound / max(_norm(leaf), 1e-300)), gradients)


def _always(gradients: Any, bound: float) -> Any:
    return jax.tree.map(lambda leaf: leaf * bound / _norm(gradients), gradients)


def _without_root(gradients: Any, bound: float) -> Any:
    return jax.tree.map(lambda leaf: leaf * min(1, bound / max(_norm(gradients) ** 2, 1e-300)), gradients)


TERMS = (
    Term(
        "weight-decay",
        regularisers.weight_decay,
        (
            Property(
                "Before plain gradient descent it adds the gradient of λ/2 ‖θ‖², where its mask says so.",
                _as_penalty,
                1e-12,
                (
                    Mistake("twice the strength, of λ‖θ‖²", _decays(lambda u, p, s: u + 2 * s * p)),
                    Mistake("towards the sign, which is L1", _decays(lambda u, p, s: u + s * jnp.sign(p))),
                    Mistake("no mask", _decays(lambda u, p, s: u + s * p)),
                ),
            ),
            Property(
                "Behind Adam it is AdamW.",
                _as_adamw,
                1e-12,
                (
                    Mistake("away from zero", _decays(lambda u, p, s: u - s * p)),
                    Mistake("a share of the update", _decays(lambda u, p, s: u + s * u)),
                ),
            ),
        ),
    ),
    Term(
        "l1-regularization",
        regularisers.l1_penalty,
        (
            Property(
                "It is λ Σ|w| over all tensors, with the gradient λ sign(w).",
                _l1,
                1e-12,
                (
                    Mistake("the squares", lambda w, s: s * sum((leaf**2).sum() for leaf in w.values())),
                    Mistake("the mean", lambda w, s: s * sum(jnp.abs(leaf).mean() for leaf in w.values())),
                    Mistake("the norm", lambda w, s: s * sum((leaf**2).sum() for leaf in w.values()) ** 0.5),
                ),
            ),
            Property(
                "½(v − w)² plus the penalty is least at the soft threshold of w, of 25 others.",
                _proximal,
                1e-12,
                (
                    Mistake("half the strength", lambda w, s: s / 2 * np.abs(w[0]).sum()),
                    Mistake("the squares", lambda w, s: s * (w[0] ** 2).sum()),
                ),
            ),
        ),
    ),
    Term(
        "gradient-clipping",
        regularisers.clip_by_global_norm,
        (
            Property(
                "Longer gradients are scaled to the bound, all tensors by one factor, and shorter ones stay.",
                _clipped,
                1e-12,
                (
                    Mistake("each number by itself", _by_value),
                    Mistake("each tensor by itself", _by_tensor),
                    Mistake("always scaled to the bound", _always),
                ),
            ),
            Property(
                "However long, the norm is at most the bound; of zeros nothing becomes infinite.",
                _clip_limits,
                1e-12,
                (
                    Mistake("by the square of the norm", _without_root),
                    Mistake("each tensor by itself", _by_tensor),
                ),
            ),
        ),
    ),
)
