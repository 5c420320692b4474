"""Losses of scores ``(B, K)`` against targets ``(B, K)`` that add up to one, each ``(B,)``, by the name that a recipe
gives.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import optax

#: Exponent of the focal loss (Lin et al. 2017, arXiv:1708.02002, sec. 3.2).
GAMMA = 2.0


def cross_entropy(scores: jax.Array, targets: jax.Array) -> jax.Array:
    """``−Σ t ln p`` with the softmax p of the scores."""
    return optax.softmax_cross_entropy(scores, targets)


def focal(scores: jax.Array, targets: jax.Array) -> jax.Array:
    """``−Σ t (1 − p)² ln p``: what is predicted well counts less.

    Source: Lin et al. 2017 (arXiv:1708.02002), eq. 4, over the classes of a softmax.
    """
    logs = jax.nn.log_softmax(scores)
    # expm1 keeps the slope of (1 − p)² finite and right where p is nearly one.
    return -(targets * (-jnp.expm1(logs)) ** GAMMA * logs).sum(-1)


def binary(scores: jax.Array, targets: jax.Array) -> jax.Array:
    """Sum over the classes of the cross-entropy of "this class or not": every class has a sigmoid of its own.

    Source: Beyer et al. 2020 (arXiv:2006.07159), sec. 5.
    """
    return optax.sigmoid_binary_cross_entropy(scores, targets).sum(-1)


def squared(scores: jax.Array, targets: jax.Array) -> jax.Array:
    """Mean over the classes of ``(z − t)²``. Source: Hui & Belkin 2020 (arXiv:2006.07322), sec. 2."""
    return jnp.square(scores - targets).mean(-1)


def hinge(scores: jax.Array, targets: jax.Array) -> jax.Array:
    """``Σₖ tₖ max(0, 1 + max_{j≠k} zⱼ − zₖ)``: the margin to the best other class, for a single label as in
    Crammer & Singer 2001 (JMLR 2), eq. 3.
    """
    own = jnp.eye(scores.shape[-1], dtype=bool)
    others = jnp.where(own, -jnp.inf, scores[:, None, :]).max(-1)
    return (targets * jnp.maximum(0.0, 1.0 + others - scores)).sum(-1)


LOSSES: dict[str, Callable[[jax.Array, jax.Array], jax.Array]] = {
    "cross-entropy": cross_entropy,
    "focal": focal,
    "binary": binary,
    "squared": squared,
    "hinge": hinge,
}
