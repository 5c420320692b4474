"""Which pattern of spikes was heard before noise: liquids of spiking neurons, echo states, a window, and a GRU."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from train.trials.base import Run, Trial, fit, percent, right, size, some, surprise
from train.trials.readout import readout
from train.trials.reservoirs import WINDOW, read, recurrent, states

#: Patterns, channels, steps of a pattern, steps by which one may come late; spikes a step and channel.
PATTERNS, CHANNELS, HEARD, LATE, DENSITY = 8, 4, 24, 6, 0.25
#: The part of a pattern's spikes that is lost, and the chance of one more in a step and channel.
LOST, MORE = 0.2, 0.05


def kinds(key: jax.Array) -> jax.Array:
    """Spikes ``(PATTERNS, HEARD, CHANNELS)`` of the patterns, in each channel of each the same number."""
    places = jnp.arange(HEARD) < round(DENSITY * HEARD)
    return jax.random.permutation(key, jnp.broadcast_to(places[:, None], (PATTERNS, HEARD, CHANNELS)), 1, True)


def heard(key: jax.Array, clean: jax.Array, count: int) -> tuple[jax.Array, jax.Array]:
    """Spikes ``(count, WINDOW, CHANNELS)`` of noise with one pattern in it, and which, ``(count,)``.

    The pattern starts at one of the first steps, not later than :data:`LATE`; noise is in front of it and behind.
    """
    which, lost, more, noise, late = jax.random.split(key, 5)
    labels = jax.random.randint(which, (count,), 0, len(clean))
    kept = clean[labels] & jax.random.bernoulli(lost, 1 - LOST, (count, *clean.shape[1:]))
    pattern = (kept | jax.random.bernoulli(more, MORE, kept.shape)).astype(float)
    around = jax.random.bernoulli(noise, DENSITY, (count, WINDOW, CHANNELS)).astype(float)
    starts = jax.random.randint(late, (count,), 0, LATE + 1)
    put = jax.vmap(lambda one, part, start: jax.lax.dynamic_update_slice(one, part, (start, 0)))
    return put(around, pattern, starts), labels


def make(variant: str, settings: Mapping[str, Any]) -> Run:
    """Read at the end, learned from ``train`` examples."""

    def run(key: jax.Array, rate: jax.Array) -> dict[str, Any]:
        clean, one, other, start, training = jax.random.split(key, 5)
        (x, y), (held, truth) = (heard(k, kinds(clean), settings[n]) for k, n in ((one, "train"), (other, "judged")))
        if variant == "gru":

            def loss(params: dict, key: jax.Array) -> jax.Array:
                inputs, labels = some(key, settings["batch"], x, y)
                return surprise(read(params, inputs)[:, -1], labels)

            params = fit(loss, recurrent(start, CHANNELS, PATTERNS), training, settings["steps"], rate)
            return {"accuracy": right(read(params, held)[:, -1], truth), "params": size(params)}
        follow = states(variant, start, CHANNELS, rate)
        ends = jax.vmap(lambda one: one.sum(0) if variant == "counts" else follow(one)[-1])
        features = ends(x)
        told = readout(features, jax.nn.one_hot(y, PATTERNS), ends(held))
        return {"accuracy": right(told, truth), "params": (features.shape[1] + 1) * PATTERNS}

    return run


TRIAL = Trial(
    variants={
        "counts": "how many spikes each channel had",
        "window": "all spikes at once",
        "esn": "the last state of 200 drawn units, largest eigenvalue 0.9",
        "lsm": "the last traces of 200 drawn spiking neurons",
        "lsm-apart": "the same neurons, none of which reaches another",
        "gru": "a GRU of 32 units, trained",
    },
    figures=(percent("accuracy", "patterns told right"),),
    make=make,
    settings={"train": 1000, "judged": 500, "steps": 600, "batch": 32},
    smoke={"train": 16, "judged": 8, "steps": 2, "batch": 4},
)
