"""Growing neural gas in arrays of fixed size, so that it compiles, as ``netspec.vocabulary.associative.NeuralGas``."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

#: Fritzke 1995: what neighbours move by as a part of what the winner does, age of an edge, what is kept of errors
#: with each example, and of those of two units that get a third between them.
NEIGHBOURS, OLDEST, FADES, SPLIT = 0.03, 50, 0.995, 0.5


class Gas(NamedTuple):
    """Room for units: weights (room, features), ages of edges (room, room) with −1 for none, errors (room,), alive."""

    weights: jax.Array
    ages: jax.Array
    errors: jax.Array
    alive: jax.Array


def begun(weights: jax.Array, room: int) -> Gas:
    """Two units ``(2, features)`` without an edge, in room for more."""
    full = jnp.zeros((room, weights.shape[1])).at[:2].set(weights)
    return Gas(full, jnp.full((room, room), -1), jnp.zeros(room), jnp.arange(room) < 2)


def adapted(gas: Gas, x: jax.Array, rate: jax.Array | float) -> Gas:
    """After one example ``(features,)``, as ``NeuralGas.adapt``."""
    weights, ages, errors, alive = gas
    square = jnp.where(alive, jnp.sum((weights - x) ** 2, -1), jnp.inf)
    first = jnp.argmin(square)
    second = jnp.argmin(square.at[first].set(jnp.inf))
    errors = errors.at[first].add(square[first])
    joined = ages[first] >= 0
    ages = ages.at[first].add(joined).at[:, first].add(joined)
    step = rate * (jnp.arange(len(errors)) == first) + NEIGHBOURS * rate * joined
    weights = weights + step[:, None] * (x - weights)
    ages = ages.at[first, second].set(0).at[second, first].set(0)
    ages = jnp.where(ages > OLDEST, -1, ages)
    alive = alive & (ages >= 0).any(1)
    return Gas(weights, ages, FADES * errors * alive, alive)


def inserted(gas: Gas) -> Gas:
    """With a unit between that of the largest error and the worst of its neighbours, where there is room."""
    weights, ages, errors, alive = gas
    worst = jnp.argmax(jnp.where(alive, errors, -1.0))
    other = jnp.argmax(jnp.where(ages[worst] >= 0, errors, -1.0))
    place = jnp.argmin(alive)
    ages = ages.at[worst, other].set(-1).at[other, worst].set(-1)
    for unit in (worst, other):
        ages = ages.at[unit, place].set(0).at[place, unit].set(0)
    errors = errors.at[worst].multiply(SPLIT).at[other].multiply(SPLIT)
    more = Gas(
        weights.at[place].set((weights[worst] + weights[other]) / 2),
        ages,
        errors.at[place].set(errors[worst]),
        alive.at[place].set(True),
    )
    return jax.tree.map(lambda new, old: jnp.where(alive.all(), old, new), more, gas)


def grown(weights: jax.Array, x: jax.Array, rate: jax.Array | float, room: int, every: int) -> jax.Array:
    """Prototypes ``(room, features)`` after all examples ``x``; in places without a unit stands the first again.

    A unit is added after ``every`` examples while there is room.
    """

    def step(gas: Gas, at: tuple[jax.Array, jax.Array]) -> tuple[Gas, None]:
        number, one = at
        gas = adapted(gas, one, rate)
        return jax.lax.cond((number + 1) % every == 0, inserted, lambda gas: gas, gas), None

    gas, _ = jax.lax.scan(step, begun(weights, room), (jnp.arange(len(x)), x))
    return gas.weights[jnp.where(gas.alive, jnp.arange(room), jnp.argmax(gas.alive))]
