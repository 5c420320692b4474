"""Rules by which 64 units learn from pictures alone: by spikes, by firing together, on a map, by contrast."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from netspec.vocabulary.associative.maps import som_update
from netspec.vocabulary.associative.memories import rbm_free_energy
from netspec.vocabulary.spiking.learning import hebbian, stdp
from train.trials.examples.maps import winners

#: The side of the map, where its units lie, and how many there are.
SIDE = 8
GRID = np.indices((SIDE, SIDE)).reshape(2, -1).T
UNITS = len(GRID)
#: The radii between which the map shrinks, in steps of the grid.
FIRST_RADIUS, LAST_RADIUS = 4.0, 0.4
#: Spiking neurons, in steps: how long a voltage lasts and a threshold stays raised; what each spike raises it by.
VOLTAGE, TIRED, TIRES = 10.0, 1e4, 0.2
#: The threshold of a neuron that has not fired, the sum of weights of a neuron, and spikes a step of a white pixel.
THRESHOLD, SUM, BRIGHT = 5.0, 8.0, 0.3
#: A weight shrinks by a spike that comes late by this part of what it grows by where the spike comes before.
LATE = 0.5


def compete(trains: jax.Array, weights: jax.Array, raised: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Spikes ``(times, units)`` of leaky neurons of which one at most fires a step, and how far thresholds are raised.

    ``trains`` are ``(times, pixels)``, ``weights (pixels, units)``, ``raised (units,)``. The neuron farthest above its
    threshold fires, silences all others, which start anew as it does, and tires (Diehl and Cook 2015, sec. 2).
    """
    leak, rest = jnp.exp(-1 / VOLTAGE), jnp.exp(-1 / TIRED)

    def step(state: tuple[jax.Array, jax.Array], arriving: jax.Array) -> tuple:
        v, raised = state
        v = leak * v + arriving
        above = v - THRESHOLD - raised
        fired = (jnp.arange(len(v)) == jnp.argmax(above)) & (above >= 0)
        v = jnp.where(fired.any(), 0.0, v)
        return (v, rest * raised + TIRES * fired), fired.astype(v.dtype)

    (_, raised), spikes = jax.lax.scan(step, (jnp.zeros_like(raised), raised), trains @ weights)
    return spikes, raised


def balanced(weights: jax.Array) -> jax.Array:
    """Weights of which none is below zero and those of each neuron add up to :data:`SUM`."""
    weights = jnp.maximum(weights, 0.0)
    return SUM * weights / jnp.maximum(weights.sum(0), 1e-6)


def spiking(key: jax.Array, x: jax.Array, rate: jax.Array, times: int) -> jax.Array:
    """Weights ``(pixels, units)`` that grow and shrink by the timing of spikes, after all pictures ``x``."""
    start, coding = jax.random.split(key)

    def show(state: tuple[jax.Array, jax.Array], at: tuple) -> tuple:
        weights, raised = state
        key, picture, share = at
        trains = jax.random.bernoulli(key, BRIGHT * picture, (times, len(picture))).astype(picture.dtype)
        spikes, raised = compete(trains, weights, raised)
        now = rate * (1 - share)
        weights = weights + stdp(trains, spikes, a_plus=now, a_minus=LATE * now)
        return (balanced(weights), raised), None

    first = balanced(jax.random.uniform(start, (x.shape[1], UNITS), minval=0.2))
    along = jax.random.split(coding, len(x)), x, jnp.arange(len(x)) / len(x)
    return jax.lax.scan(show, (first, jnp.zeros(UNITS)), along)[0][0]


def fired_together(weights: jax.Array, batches: jax.Array, rate: jax.Array, winner: bool) -> jax.Array:
    """Weights after batches ``(steps, batch, pixels)`` by Oja's rule, of which a unit learns all, or those it wins."""

    def step(weights: jax.Array, at: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, None]:
        x, share = at
        if not winner:
            return hebbian(weights, x, rate * (1 - share)), None
        won = jax.nn.one_hot(jnp.argmax(x @ weights, -1), UNITS)
        alone = jax.vmap(lambda one, mine: hebbian(one[:, None], x * mine[:, None], rate * (1 - share))[:, 0], 1, 1)
        # A unit that wins one picture in 64 has a batch of as many more.
        return alone(weights, won * jnp.sqrt(UNITS)), None

    return jax.lax.scan(step, weights, (batches, jnp.arange(len(batches)) / len(batches)))[0]


def mapped(weights: jax.Array, x: jax.Array, rate: jax.Array) -> jax.Array:
    """Prototypes ``(units, pixels)`` of a map whose rate and radius fall while all pictures ``x`` pass."""

    def step(weights: jax.Array, at: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, None]:
        one, share = at
        radius = FIRST_RADIUS * (LAST_RADIUS / FIRST_RADIUS) ** share
        return som_update(weights, jnp.asarray(GRID), one, rate * (1 - share), radius), None

    return jax.lax.scan(step, weights, (x, jnp.arange(len(x)) / len(x)))[0]


def means(weights: jax.Array, x: jax.Array, rounds: int) -> jax.Array:
    """Prototypes ``(units, pixels)`` that move to the mean of the pictures they are nearest to, so many times."""

    def step(weights: jax.Array, _: None) -> tuple[jax.Array, None]:
        nearest = winners(weights, x)[0][:, 0]
        count = jax.ops.segment_sum(jnp.ones(len(x)), nearest, len(weights))[:, None]
        total = jax.ops.segment_sum(x, nearest, len(weights))
        return jnp.where(count > 0, total / jnp.maximum(count, 1), weights), None

    return jax.lax.scan(step, weights, None, rounds)[0]


def restricted(params: dict, key: jax.Array, x: jax.Array) -> jax.Array:
    """What one step of contrastive divergence goes down: energy of pictures less that of what they turn into."""
    one, two = jax.random.split(key)
    hidden = jax.random.bernoulli(one, jax.nn.sigmoid(x @ params["weight"] + params["hidden"])).astype(x.dtype)
    seen = jax.nn.sigmoid(hidden @ params["weight"].T + params["visible"])
    dreamt = jax.lax.stop_gradient(jax.random.bernoulli(two, seen).astype(x.dtype))

    def energy(v: jax.Array) -> jax.Array:
        return rbm_free_energy(v, params["weight"], params["visible"], params["hidden"]).mean()

    return energy(x) - energy(dreamt)
