"""Toy worlds with somebody else in them, who sees a thing moved, walks somewhere, hears a word, or shows a way."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

PLACES, CONCEPTS, GOALS = 5, 8, 4
#: How often a thing is moved, somebody comes or leaves, and how far a step strays from its goal.
MOVED, TURNED, STRAYS = 0.3, 0.3, 1.5
#: A step along a circle.
STEP = 0.2


def worlds(key: jax.Array, count: int, times: int) -> tuple[jax.Array, jax.Array]:
    """Places of a thing and whether the other was there to see, both ``(count, times)``; they see the beginning."""
    start, moves, where, turns = jax.random.split(key, 4)
    shape = (times, count)
    moved = jax.random.bernoulli(moves, MOVED, shape)
    shifts = jax.random.randint(where, shape, 1, PLACES)
    first = jax.random.randint(start, (count,), 0, PLACES)
    places = (first + jnp.cumsum((moved * shifts).at[0].set(0), 0)) % PLACES
    turned = jax.random.bernoulli(turns, TURNED, shape).at[0].set(False)
    return places.T, (jnp.cumsum(turned, 0) % 2 == 0).T


def walks(key: jax.Array, count: int, times: int) -> tuple[jax.Array, jax.Array]:
    """Steps ``(count, times, 2)`` that stray on their way to one of the corners, and which corner it is."""
    choice, noise = jax.random.split(key)
    goals = jax.random.randint(choice, (count,), 0, GOALS)
    steps = corners()[goals][:, None] + STRAYS * jax.random.normal(noise, (count, times, 2))
    return steps, goals


def corners() -> jax.Array:
    """Directions of the goals."""
    angles = 2 * jnp.pi * (jnp.arange(GOALS) + 0.5) / GOALS
    return jnp.stack([jnp.cos(angles), jnp.sin(angles)], -1)


def talks(key: jax.Array, count: int, times: int) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Concepts that came up ``(count, times)``, whether the hearer was there, and whether the last is new to them."""
    words, turns = jax.random.split(key)
    concepts = jax.random.randint(words, (count, times), 0, CONCEPTS)
    heard = (jnp.cumsum(jax.random.bernoulli(turns, TURNED, (count, times)), 1) % 2 == 0).at[:, -1].set(True)
    before = (concepts[:, :-1] == concepts[:, -1:]) & heard[:, :-1]
    return concepts, heard, ~before.any(1)


def teacher(at: jax.Array) -> jax.Array:
    """How somebody who can walk a circle walks from ``(…, 2)``: along it, and back to it where they are off."""
    far = jnp.linalg.norm(at, axis=-1, keepdims=True)
    out = at / far
    along = jnp.stack([-out[..., 1], out[..., 0]], -1)
    return along + 2 * (1 - far) * out


def walked(
    policy: Callable[[jax.Array], jax.Array], key: jax.Array, count: int, times: int, noise: float
) -> tuple[jax.Array, jax.Array]:
    """Positions and what the policy does there, both ``(times, count, 2)``, from points of the circle."""
    begin, shakes = jax.random.split(key)
    angle = jax.random.uniform(begin, (count,), maxval=2 * jnp.pi)

    def on(at: jax.Array, shake: jax.Array) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
        move = policy(at)
        return at + STEP * move + noise * shake, (at, move)

    start = jnp.stack([jnp.cos(angle), jnp.sin(angle)], -1)
    return jax.lax.scan(on, start, jax.random.normal(shakes, (times, count, 2)))[1]
