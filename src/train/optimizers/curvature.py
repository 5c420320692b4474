"""An estimate of the diagonal of the Hessian, from gradients alone."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import optax


def hutchinson() -> optax.GradientTransformationExtraArgs:
    """``u ⊙ (H u)`` for signs ``u`` of ±1 in place of a gradient: its mean over all ``u`` is the diagonal of H.

    ``update`` takes the function ``gradient_at`` of the parameters and the ``key`` that the signs are drawn by, so
    there is no state. The product is uᵀH, which is the same and needs no forward mode: layers that define their own
    backward pass have none. Source: Hutchinson 1990; Liu et al. 2023 (arXiv:2305.14342), alg. 1.
    """

    def update(gradient: Any, state: Any, params: Any, *, gradient_at: Any, key: jax.Array, **_: Any) -> Any:
        leaves, structure = jax.tree.flatten(params)
        keys = jax.random.split(key, len(leaves))
        signs = [jax.random.rademacher(k, leaf.shape, leaf.dtype) for k, leaf in zip(keys, leaves, strict=True)]
        drawn = jax.tree.unflatten(structure, signs)
        (product,) = jax.vjp(gradient_at, params)[1](drawn)
        return jax.tree.map(jnp.multiply, product, drawn), state

    return optax.GradientTransformationExtraArgs(optax.init_empty_state, update)
