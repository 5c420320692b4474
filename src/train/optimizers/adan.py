"""Adan as its paper has it: `optax.adan` 0.2.8 weighs the change of the gradient by 1 − β₂ in place of β₂."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax


class AdanState(NamedTuple):
    """Steps taken, the last gradient, and the averages of gradients, of their changes, and of squares."""

    count: jax.Array
    gradient: Any
    m: Any
    v: Any
    n: Any


def adan(
    rate: optax.Schedule, beta1: float, beta2: float, beta3: float, epsilon: float, decay: float, mask: Any
) -> optax.GradientTransformation:
    """Δ = g − g_before; m, v, n ← averages of g, Δ, (g + β₂ Δ)²; w ← (w − α (m̂ + β₂ v̂) / (√n̂ + ε)) / (1 + α λ).

    ``mask`` is a function of the parameters that says which of them decay, or ``None`` for all. The betas are one minus
    the paper's. Source: Xie et al. 2022 (arXiv:2208.06677), alg. 1.
    """

    def init(params: Any) -> AdanState:
        zeros = jax.tree.map(jnp.zeros_like, params)
        return AdanState(jnp.int32(0), zeros, zeros, zeros, zeros)

    def update(gradient: Any, state: AdanState, params: Any) -> tuple[Any, AdanState]:
        count, alpha = state.count + 1, rate(state.count)

        def average(beta: float, old: Any, new: Any) -> Any:
            return jax.tree.map(lambda old, new: beta * old + (1 - beta) * new, old, new)

        change = jax.tree.map(lambda g, before: jnp.where(count == 1, 0, g - before), gradient, state.gradient)
        ahead = jax.tree.map(lambda g, change: (g + beta2 * change) ** 2, gradient, change)
        m, v, n = average(beta1, state.m, gradient), average(beta2, state.v, change), average(beta3, state.n, ahead)

        def step(w: jax.Array, m: jax.Array, v: jax.Array, n: jax.Array, decays: bool) -> jax.Array:
            direction = m / (1 - beta1**count) + beta2 * v / (1 - beta2**count)
            moved = w - alpha * direction / (jnp.sqrt(n / (1 - beta3**count)) + epsilon)
            return moved / (1 + alpha * decay) - w if decays else moved - w

        decaying = jax.tree.map(lambda _: True, params) if mask is None else mask(params)
        return jax.tree.map(step, params, m, v, n, decaying), AdanState(count, gradient, m, v, n)

    return optax.GradientTransformation(init, update)
