"""Optimizers built on a memory of past gradients: Nesterov's momentum, Lion and Adan."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from netspec.vocabulary import expect


def nesterov(learning_rate: float, momentum: float = 0.9) -> optax.GradientTransformation:
    """Momentum that looks ahead: the gradient is taken where the velocity is about to lead, so it turns in time.

    Formula: v ← μ v + ∇L(θ − α μ v), θ ← θ − α v; kept as φ = θ − α μ v: φ ← φ − α (∇L(φ) + μ v)
    Shapes: a tree of arrays; the velocity has the same.
    Parameters: none that are trained; one number of state a parameter.
    Cost: two multiplications and two additions a parameter.
    Training: optax and PyTorch keep φ, where gradients are taken, and what they evaluate is φ too.
    Caveats: φ and θ differ by α μ v, so weights of two programs are equal only after that is taken into account.
    Raises: VocabularyError where the rate is not above zero or the momentum outside [0, 1).
    Source: Nesterov 1983; Sutskever et al. 2013, sec. 2; vocabulary line 2891.

    >>> optimizer = nesterov(0.1, momentum=0.5)
    >>> state, w = optimizer.init(jnp.array(1.0)), jnp.array(1.0)
    >>> for _ in range(2):
    ...     step, state = optimizer.update(w, state)  # of ½ w² the gradient is w
    ...     w = w + step
    ...     print(round(float(w), 4))
    0.85
    0.6975
    """
    expect.positive("learning_rate", learning_rate)
    expect.rate("momentum", momentum)
    return optax.sgd(learning_rate, momentum, nesterov=True)


def lion(
    learning_rate: float, b1: float = 0.9, b2: float = 0.99, weight_decay: float = 0.0
) -> optax.GradientTransformation:
    """Spare half of Adam's memory: of a memory of gradients only the sign is used, which a search over programs found.

    Formula: θ ← θ − α (sign(β₁ m + (1 − β₁) g) + λ θ), then m ← β₂ m + (1 − β₂) g
    Shapes: a tree of arrays; m has the same.
    Parameters: none that are trained; one number of state a parameter, where Adam has two.
    Cost: less than Adam's: no root and no division.
    Training: every coordinate moves by exactly α (without decay), so the rate is a third to a tenth of Adam's and the
        decay λ as many times larger.
    Caveats: what is remembered forgets more slowly (β₂) than what is used (β₁).
    Raises: VocabularyError where the rate is not above zero, a β outside [0, 1), or the decay negative.
    Source: Chen et al. 2023 (arXiv:2302.06675), alg. 2; vocabulary line 2988.

    >>> optimizer = lion(0.25)
    >>> step, state = optimizer.update(jnp.array([5.0, -0.001, 0.0]), optimizer.init(jnp.ones(3)), jnp.ones(3))
    >>> step.tolist()
    [-0.25, 0.25, -0.0]
    """
    expect.positive("learning_rate", learning_rate)
    expect.rate("b1", b1)
    expect.rate("b2", b2)
    expect.not_negative("weight_decay", weight_decay)
    return optax.lion(learning_rate, b1, b2, weight_decay=weight_decay)


class AdanState(NamedTuple):
    """Steps taken, the last gradient, and the averages m, v and n."""

    count: jax.Array
    gradient: Any
    m: Any
    v: Any
    n: Any


def adan(
    learning_rate: float,
    b1: float = 0.98,
    b2: float = 0.92,
    b3: float = 0.99,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
) -> optax.GradientTransformation:
    """Adam with Nesterov's look ahead, for which it takes the change of the gradient instead of another gradient.

    Formula: Δ = g − g_before, m, v, n ← averages (β₁, β₂, β₃) of g, Δ, (g + β₂ Δ)²;
        θ ← (θ − α (m̂ + β₂ v̂) / (√n̂ + ε)) / (1 + α λ)
    Shapes: a tree of arrays; the last gradient and three averages have the same.
    Parameters: none that are trained; four numbers of state a parameter, where Adam has two.
    Cost: about twice Adam's.
    Training: the averages start at zero, which the hats make up for as in Adam; at the first step Δ is 0.
    Caveats: the paper's β are one minus these. `optax.adan` (0.2.8) weighs Δ and v̂ by 1 − β₂ instead of β₂, so this is
        written anew; decay divides, where AdamW subtracts.
    Raises: VocabularyError where the rate or ε is not above zero, a β outside [0, 1), or the decay negative.
    Source: Xie et al. 2022 (arXiv:2208.06677), alg. 1; vocabulary line 3591.

    >>> optimizer = adan(0.1)
    >>> step, _ = optimizer.update(jnp.array([4.0, -0.5]), optimizer.init(jnp.zeros(2)), jnp.zeros(2))
    >>> [round(float(each), 4) for each in step]
    [-0.1, 0.1]
    """
    expect.positive("learning_rate", learning_rate)
    for name, value in (("b1", b1), ("b2", b2), ("b3", b3)):
        expect.rate(name, value)
    expect.positive("eps", eps)
    expect.not_negative("weight_decay", weight_decay)

    def init(parameters: Any) -> AdanState:
        zeros = jax.tree.map(jnp.zeros_like, parameters)
        return AdanState(jnp.int32(0), zeros, zeros, zeros, zeros)

    def update(gradient: Any, state: AdanState, parameters: Any) -> tuple[Any, AdanState]:
        count = state.count + 1

        def average(decay: float, old: Any, new: Any) -> Any:
            return jax.tree.map(lambda old, new: decay * old + (1 - decay) * new, old, new)

        change = jax.tree.map(lambda g, before: jnp.where(count == 1, 0, g - before), gradient, state.gradient)
        ahead = jax.tree.map(lambda g, change: (g + b2 * change) ** 2, gradient, change)
        m, v, n = average(b1, state.m, gradient), average(b2, state.v, change), average(b3, state.n, ahead)

        def step(theta: jax.Array, m: jax.Array, v: jax.Array, n: jax.Array) -> jax.Array:
            direction = m / (1 - b1**count) + b2 * v / (1 - b2**count)
            moved = theta - learning_rate * direction / (jnp.sqrt(n / (1 - b3**count)) + eps)
            return moved / (1 + learning_rate * weight_decay) - theta

        return jax.tree.map(step, parameters, m, v, n), AdanState(count, gradient, m, v, n)

    return optax.GradientTransformation(init, update)
