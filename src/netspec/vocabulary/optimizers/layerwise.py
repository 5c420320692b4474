"""Optimizers that measure steps by layer: how far a layer moves is a share of how large it is."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
import optax

from netspec.errors import VocabularyError
from netspec.vocabulary import expect


def lamb(
    learning_rate: float,
    b1: float = 0.9,
    b2: float = 0.999,
    eps: float = 1e-6,
    weight_decay: float = 0.0,
    low: float = 0.0,
    high: float = math.inf,
) -> optax.GradientTransformation:
    """Train with batches of tens of thousands: Adam's direction, and a length that is a share of the layer's weights.

    Formula: r = m̂ / (√v̂ + ε) + λ w, w ← w − α φ(‖w‖) / ‖r‖ · r for each layer, φ(x) = min(max(x, γ_l), γ_u)
    Shapes: a tree of arrays, each a layer of its own; m and v have the same.
    Parameters: none that are trained; two numbers of state a parameter, as Adam.
    Cost: Adam's, and two norms a layer.
    Training: a layer moves by exactly α φ(‖w‖), however large gradients are; the rate is raised with the root of the
        batch.
    Caveats: φ bounds the norm of the weights, and nothing bounds that of r. Without bounds, as in optax, φ(x) = x.
        Where either norm is zero the ratio is 1.
    Raises: VocabularyError where the rate or ε is not above zero, a β outside [0, 1), the decay negative, or the bounds
        are not in order.
    Source: You et al. 2020 (arXiv:1904.00962), alg. 2; vocabulary line 3003.

    >>> layers = {"small": jnp.array([3.0, 4.0]), "large": jnp.array([300.0, 400.0])}
    >>> gradients = {"small": jnp.array([1.0, 9.0]), "large": jnp.array([-5.0, 0.1])}
    >>> optimizer = lamb(0.01)
    >>> steps, _ = optimizer.update(gradients, optimizer.init(layers), layers)
    >>> {name: round(float(jnp.linalg.norm(step)), 4) for name, step in steps.items()}
    {'large': 5.0, 'small': 0.05}
    """
    expect.positive("learning_rate", learning_rate)
    expect.positive("eps", eps)
    expect.rate("b1", b1)
    expect.rate("b2", b2)
    expect.not_negative("weight_decay", weight_decay)
    if not 0 <= low <= high:
        raise VocabularyError(f"low, high: arrived {low} and {high}, expected 0 ≤ low ≤ high")
    whole = optax.lamb(learning_rate, b1, b2, eps, weight_decay=weight_decay)
    return whole if low == 0 and math.isinf(high) else optax.chain(whole, _bounded(low, high))


def _bounded(low: float, high: float) -> optax.GradientTransformation:
    """Of steps that are in proportion to ‖w‖, makes such that are in proportion to φ(‖w‖)."""

    def scaled(step: jax.Array, weights: jax.Array) -> jax.Array:
        norm = jnp.linalg.norm(weights)
        return step * jnp.where(norm > 0, jnp.clip(norm, low, high) / jnp.where(norm > 0, norm, 1), 1)

    def update(steps: Any, parameters: Any) -> Any:
        return jax.tree.map(scaled, steps, parameters)

    return optax.stateless(update)


def lars(
    learning_rate: float, momentum: float = 0.9, weight_decay: float = 0.0, trust: float = 0.001
) -> optax.GradientTransformation:
    """Train convolutions with large batches: the ratio of a layer's weights to its gradient sets the layer's rate.

    Formula: u = g + β w, v ← μ v + α η ‖w‖ / ‖u‖ · u, w ← w − v for each layer
    Shapes: a tree of arrays, each a layer of its own; v has the same.
    Parameters: none that are trained; one number of state a parameter. Trust η, rate α, decay β, momentum μ.
    Cost: that of SGD, and two norms a layer.
    Training: without decay and momentum a layer moves by α η ‖w‖, however large its gradient is.
    Caveats: the paper has ‖g‖ + β ‖w‖ below, optax ‖g + β w‖; without decay they agree. Where either norm is zero the
        ratio is 1. Biases and norms are usually left out of it.
    Raises: VocabularyError where the rate or the trust is not above zero, the momentum outside [0, 1), or the decay
        negative.
    Source: You et al. 2017 (arXiv:1708.03888), alg. 1; vocabulary line 3382.

    >>> weights = jnp.array([3.0, 4.0])
    >>> optimizer = lars(2.0)
    >>> for gradient in (jnp.array([0.6, 0.8]), jnp.array([60.0, 80.0])):
    ...     step, _ = optimizer.update(gradient, optimizer.init(weights), weights)
    ...     print(round(float(jnp.linalg.norm(step)), 4))
    0.01
    0.01
    """
    expect.positive("learning_rate", learning_rate)
    expect.rate("momentum", momentum)
    expect.not_negative("weight_decay", weight_decay)
    expect.positive("trust", trust)
    return optax.lars(learning_rate, weight_decay, trust_coefficient=trust, momentum=momentum)


def novograd(
    learning_rate: float, b1: float = 0.95, b2: float = 0.98, eps: float = 1e-8, weight_decay: float = 0.0
) -> optax.GradientTransformation:
    """Adam with one second moment a layer instead of one a parameter: half the memory, and no direction is bent.

    Formula: v₁ = ‖g₁‖², v ← β₂ v + (1 − β₂) ‖g‖²; m ← β₁ m + (g / (√v + ε) + λ w), m₁ without the memory; w ← w − α m
    Shapes: a tree of arrays, each a layer of its own; m has the same, v is one number a layer.
    Parameters: none that are trained; one number of state a parameter, and one a layer.
    Cost: that of SGD with momentum, and a norm a layer.
    Training: v starts at the first gradient's, so the first step is as long as the rate, in every layer.
    Caveats: decay is inside the memory m. Momentum adds up to 1/(1 − β₁) steps, so rates are smaller than Adam's.
    Raises: VocabularyError where the rate or ε is not above zero, a β outside [0, 1), or the decay negative.
    Source: Ginsburg et al. 2019 (arXiv:1905.11286), alg. 1; vocabulary line 3466.

    >>> layers = {"small": jnp.array([3.0, 4.0]), "large": jnp.array([300.0, 400.0])}
    >>> optimizer = novograd(0.01)
    >>> steps, _ = optimizer.update(layers, optimizer.init(layers), layers)
    >>> {name: round(float(jnp.linalg.norm(step)), 4) for name, step in steps.items()}
    {'large': 0.01, 'small': 0.01}
    """
    expect.positive("learning_rate", learning_rate)
    expect.rate("b1", b1)
    expect.rate("b2", b2)
    expect.positive("eps", eps)
    expect.not_negative("weight_decay", weight_decay)
    return optax.novograd(learning_rate, b1, b2, eps, weight_decay=weight_decay)
