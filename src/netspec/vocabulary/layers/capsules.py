"""Capsules: groups of neurons whose length says whether something is there, and whose direction how."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from netspec.vocabulary import expect


def squash(s: jax.Array) -> jax.Array:
    """Shorten each vector of the last axis to a length below one, and keep its direction: ‖s‖²/(1 + ‖s‖²) · s/‖s‖."""
    square = jnp.sum(jnp.square(s), axis=-1, keepdims=True)
    # The length of a vector of zeros has no gradient; 1 in its place leaves zero.
    return square / (1 + square) * s / jnp.sqrt(jnp.where(square > 0, square, 1))


def capsule_routing(votes: jax.Array, iterations: int = 3) -> jax.Array:
    """Decide which whole a part belongs to: parts vote for wholes, and votes that agree gain weight round by round.

    Formula: cᵢⱼ = softmax_j(bᵢⱼ), vⱼ = squash(Σᵢ cᵢⱼ ûᵢⱼ), bᵢⱼ ← bᵢⱼ + ûᵢⱼ · vⱼ, from b = 0; squash(s) = ‖s‖² / (1 +
        ‖s‖²) · s / ‖s‖
    Shapes: votes û (…, parts, wholes, width), each the pose of a part times a learned matrix; the result v is (…,
        wholes, width).
    Parameters: none here; the matrices behind the votes have parts · wholes · width · (width of a part).
    Cost: 2 · iterations · parts · wholes · width multiply-adds.
    Training: as in evaluation; gradients pass through all rounds.
    Caveats: a part divides itself among wholes, so the softmax is over wholes and not over parts.
    Source: Sabour, Frosst and Hinton 2017 [1710.09829], eq. 1 to 3 and procedure 1; vocabulary line 1803.

    >>> votes = jnp.array([[[3.0, 0.0], [1.0, 0.0]], [[3.0, 0.0], [-1.0, 0.0]]])  # they agree on the first whole
    >>> [f"{length:.2f}" for length in jnp.linalg.norm(capsule_routing(votes), axis=-1)]
    ['0.97', '0.00']
    """
    expect.axes(votes=(votes, "... parts wholes width"))
    votes = jnp.asarray(votes)
    logits = jnp.zeros(votes.shape[:-1], votes.dtype)
    wholes = jnp.zeros(())
    for _ in range(expect.whole("iterations", iterations)):
        coupling = jax.nn.softmax(logits, axis=-1)
        wholes = squash(jnp.einsum("...ij,...ijd->...jd", coupling, votes))
        logits = logits + jnp.einsum("...ijd,...jd->...ij", votes, wholes)
    return wholes
