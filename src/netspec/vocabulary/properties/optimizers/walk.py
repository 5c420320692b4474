"""Letting an optimizer walk: a few steps by given gradients, or downhill."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from netspec.vocabulary.cases import Case

#: Steps that are compared with a formula: the third knows what the second remembers of the first.
STEPS = 3


def drawn(case: Case, *shape: int) -> tuple[np.ndarray, np.ndarray]:
    """Parameters of that shape (three numbers unless told), and gradients for each step."""
    shape = shape or (3,)
    return case.normal(*shape), case.normal(STEPS, *shape, seed=1)


def layers(case: Case) -> tuple[dict[str, np.ndarray], list[dict[str, np.ndarray]]]:
    """Parameters of two layers of different size, and gradients for each step."""
    shapes = {"kernel": (3, 2), "bias": (3,)}
    start = {name: 3 * case.normal(*shape) for name, shape in shapes.items()}
    gradients = [
        {name: case.normal(*shape, seed=step) for name, shape in shapes.items()} for step in range(1, STEPS + 1)
    ]
    return start, gradients


def walked(optimizer: optax.GradientTransformation, start: Any, gradients: Iterable[Any]) -> np.ndarray:
    """All parameters ``(steps, …)`` after each of the gradients."""
    parameters = jax.tree.map(jnp.asarray, start)
    state, path = optimizer.init(parameters), []
    for gradient in gradients:
        steps, state = optimizer.update(gradient, state, parameters)
        parameters = optax.apply_updates(parameters, steps)
        path.append(flat(parameters))
    return np.stack(path)


def descended(optimizer: optax.GradientTransformation, start: Any, slope: Callable, steps: int = STEPS) -> np.ndarray:
    """All parameters ``(steps, …)`` where each gradient is ``slope`` of where one is."""
    parameters = jnp.asarray(start)
    state, path = optimizer.init(parameters), []
    for _ in range(steps):
        step, state = optimizer.update(slope(parameters), state, parameters)
        parameters = optax.apply_updates(parameters, step)
        path.append(np.asarray(parameters))
    return np.stack(path)


def flat(tree: Any) -> np.ndarray:
    """The numbers of all arrays of a tree, one after the other."""
    return np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(tree)])


def by_layer(start: dict, gradients: list[dict], rule: Callable[[np.ndarray, list[np.ndarray]], list]) -> np.ndarray:
    """The path of ``rule``, which gives a layer's weights after each step, over all layers."""
    paths = {name: rule(start[name], [gradient[name] for gradient in gradients]) for name in start}
    return np.stack([flat({name: path[step] for name, path in paths.items()}) for step in range(len(gradients))])
