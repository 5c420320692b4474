"""What a training loop knows of an optimizer: four functions of states and parameters, of which two may be missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import optax


@dataclass(frozen=True)
class Rule:
    """An optax transformation, and what it asks of the loop beside ``init`` and ``update``.

    - ``update(gradient, state, params, *, gradient_at, key)`` gives steps and the next state. ``gradient_at(params)``
      is the gradient of the same batch, with the same random draws, elsewhere (SAM, Sophia); ``key`` is for draws of
      this step. What does not need them costs nothing.
    - ``evaluated(state, params)`` gives the weights that are evaluated and published, where they are not ``params``.
    - ``observed(state, value)`` gives the state after an evaluation whose loss was ``value``.
    - ``rate_scale(state)`` is the factor on the scheduled rate that observations have led to.
    """

    init: Callable[[Any], Any]
    update: Callable[..., tuple[Any, Any]]
    evaluated: Callable[[Any, Any], Any] | None = None
    observed: Callable[[Any, Any], Any] | None = None
    rate_scale: Callable[[Any], Any] | None = None


def plain(transformation: optax.GradientTransformation) -> Rule:
    """The rule of a transformation that may ignore what a loop offers, and asks nothing else of it."""
    supported = optax.with_extra_args_support(transformation)
    return Rule(supported.init, supported.update)


def after(parts: list[optax.GradientTransformation], rule: Rule) -> Rule:
    """``rule`` on gradients that went through ``parts`` first; the state of each is kept, in order."""
    if not parts:
        return rule
    last = optax.GradientTransformationExtraArgs(rule.init, rule.update)
    chained = optax.chain(*parts, last)
    evaluated, observed, rate_scale = rule.evaluated, rule.observed, rule.rate_scale
    return Rule(
        chained.init,
        chained.update,
        evaluated and (lambda state, params: evaluated(state[-1], params)),
        observed and (lambda state, value: (*state[:-1], observed(state[-1], value))),
        rate_scale and (lambda state: rate_scale(state[-1])),
    )
