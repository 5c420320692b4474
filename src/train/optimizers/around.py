"""What is put around any optimizer: SAM, lookahead, and a rate that falls when an evaluated loss no longer does."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from train.optimizers.rule import Rule


def sharpness_aware(rule: Rule, radius: float) -> Rule:
    """Step by the gradient at ``w + radius g / ‖g‖``; at a gradient of zero by that one, as no direction leads up.

    Twice the passes of a step, and no state of its own. Source: Foret et al. 2021 (arXiv:2010.01412), alg. 1.
    """

    def update(gradient: Any, state: Any, params: Any, *, gradient_at: Any, **extra: Any) -> tuple[Any, Any]:
        norm = optax.tree.norm(gradient)
        scale = jnp.where(norm > 0, radius / jnp.where(norm > 0, norm, 1), 0)
        above = jax.tree.map(lambda w, g: w + scale.astype(w.dtype) * g, params, gradient)
        return rule.update(gradient_at(above), state, params, gradient_at=gradient_at, **extra)

    return Rule(rule.init, update, rule.evaluated, rule.observed, rule.rate_scale)


class Following(NamedTuple):
    """Steps taken, the slow weights, and the state of the optimizer that runs ahead."""

    count: jax.Array
    slow: Any
    inner: Any


def following(rule: Rule, period: int, rate: float) -> Rule:
    """Lookahead: every ``period`` steps slow weights go ``rate`` of the way to the fast ones, which return to them.

    Gradients are taken at the fast weights; the slow ones are evaluated. The memory of ``rule`` goes on over the
    return. One number of state a parameter more. Source: Zhang et al. 2019 (arXiv:1907.08610), alg. 1.
    """
    observed, rate_scale = rule.observed, rule.rate_scale

    def init(params: Any) -> Following:
        return Following(jnp.int32(0), jax.tree.map(jnp.copy, params), rule.init(params))

    def update(gradient: Any, state: Following, params: Any, **extra: Any) -> tuple[Any, Following]:
        steps, inner = rule.update(gradient, state.inner, params, **extra)
        count = state.count + 1
        meets = count % period == 0

        def followed(slow: jax.Array, w: jax.Array, step: jax.Array) -> jax.Array:
            return jnp.where(meets, slow + rate * (w + step - slow), slow)

        slow = jax.tree.map(followed, state.slow, params, steps)
        back = jax.tree.map(lambda slow, w, step: jnp.where(meets, slow - w, step), slow, params, steps)
        return back, Following(count, slow, inner)

    return Rule(
        init,
        update,
        lambda state, params: state.slow,
        observed and (lambda state, value: state._replace(inner=observed(state.inner, value))),
        rate_scale and (lambda state: rate_scale(state.inner)),
    )


class Slowed(NamedTuple):
    """What has been observed, as :func:`optax.contrib.reduce_on_plateau` keeps it, and the optimizer's state."""

    plateau: Any
    inner: Any


def slowed_on_plateau(rule: Rule, factor: float, patience: int, floor: float) -> Rule:
    """Steps times a scale, which ``patience`` evaluations in a row without a new least loss multiply by ``factor``.

    A loss counts as new where it is below the least one by a ten thousandth of it, as in PyTorch. The scale does not
    fall below ``floor``. Raises nothing: a loss that is no number is not a new one.
    """
    plateau = optax.contrib.reduce_on_plateau(factor, patience, min_scale=floor)

    def init(params: Any) -> Slowed:
        return Slowed(plateau.init(params), rule.init(params))

    def update(gradient: Any, state: Slowed, params: Any, **extra: Any) -> tuple[Any, Slowed]:
        steps, inner = rule.update(gradient, state.inner, params, **extra)
        return jax.tree.map(lambda step: step * state.plateau.scale, steps), state._replace(inner=inner)

    def observed(state: Slowed, value: Any) -> Slowed:
        _, seen = plateau.update({}, state.plateau, value=jnp.asarray(value))
        return state._replace(plateau=seen)

    evaluated = rule.evaluated
    return Rule(
        init,
        update,
        evaluated and (lambda state, params: evaluated(state.inner, params)),
        observed,
        lambda state: state.plateau.scale,
    )
