"""Training in less memory: gradients of half precision that do not vanish, and activations that are computed twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from netspec.vocabulary import expect


class ScaledState(NamedTuple):
    """By what the loss is multiplied, steps since the scale or a gradient changed it, and the optimizer's state."""

    scale: jax.Array
    good: jax.Array
    inner: Any


def loss_scaling(
    optimizer: optax.GradientTransformation, initial: float = 2.0**15, period: int = 2000
) -> optax.GradientTransformation:
    """Keep small gradients from vanishing in float16: multiply the loss, divide the gradient, and find out by how much.

    Formula: g = ∇(S L)/S; where g is not finite: S ← S/2 and no step; after n finite ones in a row: S ← 2 S
    Shapes: a tree of arrays; S is one number.
    Parameters: none; two numbers of state beside the optimizer's.
    Cost: one multiplication a parameter, and a look at every gradient.
    Training: the loss is multiplied by `state.scale`, and `update` takes the gradient of that, in any precision; steps
        and state are those of float32.
    Caveats: bfloat16 has the range of float32 and needs none of it. Steps that are left out are few, but at first there
        may be several in a row.
    Raises: VocabularyError where the first scale is not above zero or the period below 1.
    Source: Micikevicius et al. 2018 (arXiv:1710.03740), sec. 3.2; vocabulary line 3250.

    >>> optimizer = loss_scaling(optax.sgd(1.0), initial=1024.0)
    >>> state = optimizer.init(jnp.float32(0))
    >>> for gradient in (3.0 * 1024.0, jnp.inf):
    ...     step, state = optimizer.update(jnp.float32(gradient), state)
    ...     print(float(step), float(state.scale))
    -3.0 1024.0
    0.0 512.0
    """
    expect.positive("initial", initial)
    expect.whole("period", period)

    def init(parameters: Any) -> ScaledState:
        return ScaledState(jnp.float32(initial), jnp.int32(0), optimizer.init(parameters))

    def update(gradient: Any, state: ScaledState, parameters: Any = None) -> tuple[Any, ScaledState]:
        gradient = jax.tree.map(lambda g: jnp.asarray(g, jnp.result_type(g, jnp.float32)) / state.scale, gradient)
        finite = jnp.all(jnp.stack([jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(gradient)]))
        steps, inner = optimizer.update(gradient, state.inner, parameters)
        steps = jax.tree.map(lambda step: jnp.where(finite, step, 0), steps)
        inner = jax.tree.map(lambda new, old: jnp.where(finite, new, old), inner, state.inner)
        good = jnp.where(finite, state.good + 1, 0)
        grown = jnp.where(good == period, 2 * state.scale, state.scale)
        return steps, ScaledState(jnp.where(finite, grown, state.scale / 2), good % period, inner)

    return optax.GradientTransformation(init, update)


def checkpointed(function: Callable, policy: Callable | None = None) -> Callable:
    """Train networks whose activations do not fit into memory: forget them, and compute them again on the way back.

    Formula: ∇ of f itself; between the passes only the inputs of f are kept
    Shapes: those of f.
    Parameters: none; a policy of `jax.checkpoint_policies` says what is kept nevertheless.
    Cost: f is computed twice. With one for each √L of L layers memory grows as √L.
    Training: the same numbers; in use there is nothing to keep, and no difference.
    Caveats: what f draws must come from keys it is given, or the second time would be another one.
    Source: Chen et al. 2016 (arXiv:1604.06174), sec. 3; vocabulary line 4705.

    >>> def deep(x):
    ...     for _ in range(5):
    ...         x = jnp.sin(x)
    ...     return x
    >>> for function in (deep, checkpointed(deep)):
    ...     value, back = jax.vjp(function, jnp.float32(1))
    ...     print(len(jax.tree.leaves(back)), round(float(back(jnp.float32(1))[0]), 3))
    5 0.167
    1 0.167
    """
    return jax.checkpoint(function, policy=policy)
