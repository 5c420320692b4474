"""What must hold of the optimizers that measure steps by layer."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from netspec.vocabulary import optimizers
from netspec.vocabulary.cases import Case, apart
from netspec.vocabulary.properties.optimizers.walk import STEPS, by_layer, layers, walked
from netspec.vocabulary.term import Implementation, Mistake, Property, Term

#: Bounds of a norm that the weights of the cases, whose norms are 3 to 9, are below, between and above.
LOW, HIGH = 4.0, 6.0


def _lamb_layer(weights: np.ndarray, gradients: list[np.ndarray]) -> list[np.ndarray]:
    w, path = weights, []
    m = v = np.zeros_like(w)
    for t, g in enumerate(gradients, 1):
        m, v = 0.8 * m + 0.2 * g, 0.9 * v + 0.1 * g**2
        r = m / (1 - 0.8**t) / (np.sqrt(v / (1 - 0.9**t)) + 1e-3) + 0.3 * w
        w = w - 0.1 * np.clip(np.linalg.norm(w), LOW, HIGH) / np.linalg.norm(r) * r
        path.append(w)
    return path


def _lamb_formula(make: Implementation, case: Case) -> float:
    start, gradients = layers(case)
    found = walked(make(0.1, 0.8, 0.9, 1e-3, 0.3, LOW, HIGH), start, gradients)
    return apart(found, by_layer(start, gradients, _lamb_layer))


def _lamb_share(make: Implementation, case: Case) -> float:
    """Each layer moves by α φ(‖w‖), whatever the gradients."""
    start, gradients = layers(case)
    optimizer = make(0.1, 0.8, 0.9, 1e-3, 0.3, LOW, HIGH)
    state, found, expected = optimizer.init(start), [], []
    for scale, gradient in zip((1.0, 1e3, 1e-3), gradients, strict=True):
        steps, state = optimizer.update({name: scale * g for name, g in gradient.items()}, state, start)
        found += [np.linalg.norm(steps[name]) for name in start]
        expected += [0.1 * np.clip(np.linalg.norm(start[name]), LOW, HIGH) for name in start]
    return apart(found, expected)


def _lamb(of: Callable[[jax.Array, jax.Array, float, float], jax.Array], decay_first: bool = True) -> Implementation:
    """LAMB whose ratio is ``of`` the norms of weights and step and both bounds."""

    def make(rate: float, b1: float, b2: float, eps: float, weight_decay: float, low: float, high: float) -> Any:
        def update(steps: Any, parameters: Any) -> Any:
            return jax.tree.map(
                lambda r, w: r * of(jnp.linalg.norm(w), jnp.linalg.norm(r), low, high), steps, parameters
            )

        parts = [optax.scale_by_adam(b1, b2, eps), optax.add_decayed_weights(weight_decay), optax.stateless(update)]
        if not decay_first:
            parts[1:] = [parts[2], parts[1]]
        return optax.chain(*parts, optax.scale(-rate))

    return make


_BOTH_BOUNDED = _lamb(lambda w, r, low, high: jnp.clip(w, low, high) / jnp.clip(r, low, high))
_STEP_BOUNDED = _lamb(lambda w, r, low, high: w / jnp.clip(r, low, high))


def _unbounded(rate: float, b1: float, b2: float, eps: float, weight_decay: float, low: float, high: float) -> Any:
    return optimizers.lamb(rate, b1, b2, eps, weight_decay)


def _over_all_layers(*options: float) -> Any:
    """One ratio for the whole network."""
    rate, b1, b2, eps, weight_decay, low, high = options

    def update(steps: Any, parameters: Any) -> Any:
        ratio = jnp.clip(optax.tree.norm(parameters), low, high) / optax.tree.norm(steps)
        return jax.tree.map(lambda r: -rate * ratio * r, steps)

    return optax.chain(
        optax.scale_by_adam(b1, b2, eps), optax.add_decayed_weights(weight_decay), optax.stateless(update)
    )


def _lars_formula(make: Implementation, case: Case) -> float:
    def layer(weights: np.ndarray, gradients: list[np.ndarray]) -> list[np.ndarray]:
        w, v, path = weights, np.zeros_like(weights), []
        for g in gradients:
            u = g + 0.3 * w
            v = 0.9 * v + 0.5 * 0.02 * np.linalg.norm(w) / np.linalg.norm(u) * u
            w = w - v
            path.append(w)
        return path

    start, gradients = layers(case)
    return apart(walked(make(0.5, 0.9, 0.3, 0.02), start, gradients), by_layer(start, gradients, layer))


def _lars_share(make: Implementation, case: Case) -> float:
    """Without decay the first step of a layer is α η ‖w‖ long, whatever the gradient."""
    start, (gradient, *_) = layers(case)
    found = []
    for scale in (1.0, 1e3):
        optimizer = make(0.5, 0.9, 0.0, 0.02)
        steps, _ = optimizer.update({name: scale * g for name, g in gradient.items()}, optimizer.init(start), start)
        found += [np.linalg.norm(steps[name]) for name in start]
    return apart(found, [0.5 * 0.02 * np.linalg.norm(start[name]) for name in start] * 2)


def _lars_printed(rate: float, momentum: float, weight_decay: float, trust: float) -> Any:
    """λ = η ‖w‖ / (‖g‖ + β ‖w‖), w ← w − λ g, with η as the only rate."""

    def update(gradient: Any, parameters: Any) -> Any:
        def layer(g: jax.Array, w: jax.Array) -> jax.Array:
            size = jnp.linalg.norm(w)
            return -rate * size / (jnp.linalg.norm(g) + weight_decay * size) * g

        return jax.tree.map(layer, gradient, parameters)

    return optax.stateless(update)


def _ratio_after_momentum(rate: float, momentum: float, weight_decay: float, trust: float) -> Any:
    return optax.chain(
        optax.add_decayed_weights(weight_decay),
        optax.trace(momentum),
        optax.scale_by_trust_ratio(trust_coefficient=trust),
        optax.scale(-rate),
    )


@cache
def _novograd_program(make: Implementation) -> Any:
    """Three steps, compiled, since the first differs from the others."""
    optimizer = make(0.1, 0.9, 0.7, 1e-3, 0.3)

    def run(start: Any, gradients: Any) -> Any:
        def once(carry: Any, gradient: Any) -> Any:
            w, state = carry
            steps, state = optimizer.update(gradient, state, w)
            w = optax.apply_updates(w, steps)
            return (w, state), w

        return jax.lax.scan(once, (start, optimizer.init(start)), gradients)[1]

    return jax.jit(run)


@cache
def _novograd_start(make: Implementation) -> Any:
    """The first step, without decay, compiled."""
    optimizer = make(0.1, 0.9, 0.7, 1e-15, 0.0)
    return jax.jit(lambda start, gradient: optimizer.update(gradient, optimizer.init(start), start)[0])


def _novograd_formula(make: Implementation, case: Case) -> float:
    def layer(weights: np.ndarray, gradients: list[np.ndarray]) -> list[np.ndarray]:
        w, v, m, path = weights, 0.0, np.zeros_like(weights), []
        for t, g in enumerate(gradients):
            v = 0.7 * v + 0.3 * np.sum(g**2) if t else np.sum(g**2)
            m = 0.9 * m + g / (np.sqrt(v) + 1e-3) + 0.3 * w
            w = w - 0.1 * m
            path.append(w)
        return path

    start, gradients = layers(case)
    stacked = {name: np.stack([gradient[name] for gradient in gradients]) for name in start}
    found = _novograd_program(make)(start, stacked)
    path = np.concatenate([np.reshape(found[name], (STEPS, -1)) for name in sorted(start)], -1)
    return apart(path, by_layer(start, gradients, layer))


def _novograd(start_at_zero: bool = False, decay_outside: bool = False, by_number: bool = False) -> Implementation:
    """NovoGrad with something else in it."""

    def make(rate: float, b1: float, b2: float, eps: float, weight_decay: float) -> Any:
        def init(parameters: Any) -> Any:
            return jnp.int32(0), *(jax.tree.map(lambda w: w * 0.0, parameters) for _ in range(2))

        def update(gradient: Any, state: Any, parameters: Any) -> Any:
            count, m, v = state
            squares = jax.tree.map(lambda g: g**2 if by_number else jnp.full_like(g, (g**2).sum()), gradient)
            keep = b2 if start_at_zero else jnp.where(count == 0, 0.0, b2)
            v = jax.tree.map(lambda old, new: keep * old + (1 - keep) * new, v, squares)
            inside = 0.0 if decay_outside else weight_decay
            m = jax.tree.map(
                lambda m, g, v, w: b1 * m + g / (jnp.sqrt(v) + eps) + inside * w, m, gradient, v, parameters
            )
            outside = weight_decay - inside
            return jax.tree.map(lambda m, w: -rate * (m + outside * w), m, parameters), (count + 1, m, v)

        return optax.GradientTransformation(init, update)

    return make


def _one_length(make: Implementation, case: Case) -> float:
    """Without decay the first step of every layer is as long as the rate."""
    start, (gradient, *_) = layers(case)
    steps = _novograd_start(make)(start, gradient)
    return apart([np.linalg.norm(steps[name]) for name in start], [0.1, 0.1])


TERMS = (
    Term(
        "lamb",
        optimizers.lamb,
        (
            Property(
                "Three steps of two layers are those of the formula, with bounds on ‖w‖.",
                _lamb_formula,
                1e-12,
                (
                    Mistake("the norm of the step bounded too", _BOTH_BOUNDED, line=3044),
                    Mistake("the norm of the step bounded instead", _STEP_BOUNDED),
                    Mistake("one ratio for all layers", _over_all_layers),
                    Mistake("no ratio: AdamW", lambda a, b1, b2, e, w, *_: optax.adamw(a, b1, b2, e, weight_decay=w)),
                    Mistake(
                        "decay after the ratio",
                        _lamb(lambda w, r, low, high: jnp.clip(w, low, high) / r, decay_first=False),
                    ),
                ),
            ),
            Property(
                "Each layer moves by α φ(‖w‖), whatever the gradients.",
                _lamb_share,
                1e-12,
                (
                    Mistake("the norm of the step bounded too", _BOTH_BOUNDED, line=3044),
                    Mistake("the norm of the step bounded instead", _STEP_BOUNDED),
                    Mistake("no bounds", _unbounded),
                ),
            ),
        ),
    ),
    Term(
        "lars",
        optimizers.lars,
        (
            Property(
                "Three steps of two layers are those of the formula.",
                _lars_formula,
                1e-12,
                (
                    Mistake("η as the global rate, no decay of weights and no momentum", _lars_printed, line=3390),
                    Mistake("the ratio of what momentum has made", _ratio_after_momentum),
                    Mistake("no decay", lambda a, m, w, t: optimizers.lars(a, m, 0.0, t)),
                ),
            ),
            Property(
                "Without decay a layer's first step is α η ‖w‖ long, whatever its gradient.",
                _lars_share,
                1e-12,
                (
                    Mistake("η as the global rate", _lars_printed, line=3393),
                    Mistake("no ratio", lambda a, m, w, t: optax.sgd(a * t, m)),
                ),
            ),
        ),
    ),
    Term(
        "novograd",
        optimizers.novograd,
        (
            Property(
                "Three steps of two layers are those of the formula.",
                _novograd_formula,
                1e-12,
                (
                    Mistake("decay outside of the memory", _novograd(decay_outside=True), line=3475),
                    Mistake("the second moment starts at zero", _novograd(start_at_zero=True), line=3473),
                    Mistake("a second moment for every number", _novograd(by_number=True)),
                ),
            ),
            Property(
                "Without decay every layer's first step is as long as the rate.",
                _one_length,
                1e-12,
                (
                    Mistake("the second moment starts at zero", _novograd(start_at_zero=True), line=3473),
                    Mistake("a second moment for every number", _novograd(by_number=True)),
                ),
            ),
        ),
    ),
)
