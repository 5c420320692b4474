"""Digits as trains of spikes: networks of spiking neurons with a surrogate slope, beside networks that do not spike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from train.trials.base import Metric, Run, Trial, dense, digits, fit, percent, right, size, some, surprise, through

HIDDEN = 64
#: Energy in picojoules of an addition and of a multiply-add in float32 at 45 nm (Horowitz 2014, fig. 1.1.9).
ADDITION, MULTIPLY_ADD = 0.9, 4.6


def _surrogate(kind: str) -> Any:
    """A step whose slope is that of something smooth, or none but for what is right at the threshold."""

    @jax.custom_jvp
    def spike(v: jax.Array) -> jax.Array:
        return (v > 0).astype(v.dtype)

    @spike.defjvp
    def _(primals: tuple, tangents: tuple) -> tuple:
        (v,), (by,) = primals, tangents
        if kind == "arctan":
            slope = 1 / (1 + (jnp.pi * v) ** 2)
        elif kind == "sigmoid":
            slope = 4 * jax.nn.sigmoid(4 * v) * (1 - jax.nn.sigmoid(4 * v))
        else:
            slope = (jnp.abs(v) < 0.02) / 0.04
        return spike(v), slope * by

    return spike


def make(variant: str, settings: Mapping[str, Any]) -> Run:
    """One hidden layer over ``steps_in_time``; ``relu`` sees the pixels at once."""
    kind = {"lif-sigmoid": "sigmoid", "lif-narrow": "narrow"}.get(variant, "arctan")
    spike, times = _surrogate(kind), settings["times"]
    leak = jnp.exp(-1 / 10)

    def run(key: jax.Array, rate: jax.Array) -> dict[str, Any]:
        data, start, training, coding = jax.random.split(key, 4)
        (x, y), (held, truth) = digits(data)
        params = dense(start, 64, HIDDEN, 10)

        def coded(key: jax.Array, x: jax.Array) -> jax.Array:
            """``(times, batch, 64)``: the brighter, the more spikes; or one spike each, the brighter the sooner."""
            if variant == "lif-order":
                first = jnp.round((1 - x) * (times - 1))
                return (first[None] == jnp.arange(times)[:, None, None]) * (x > 0.1)
            return jax.random.bernoulli(key, 0.6 * x, (times, *x.shape)).astype(x.dtype)

        def spiking(params: list, trains: jax.Array) -> tuple[jax.Array, jax.Array]:
            first, last = params

            def on(state: tuple, arriving: jax.Array) -> tuple:
                v, tired, read = state
                v = leak * v + arriving @ first["kernel"] + first["bias"]
                threshold = 1 + (1.8 * tired if variant == "alif" else 0.0)
                fired = spike(v - threshold)
                v = v - jax.lax.stop_gradient(fired * threshold)
                tired = 0.97 * tired + 0.03 * fired
                read = leak * read + fired @ last["kernel"] + last["bias"]
                return (v, tired, read), (fired.mean(), read)

            zero = jnp.zeros((trains.shape[1], HIDDEN))
            _, (rate, reads) = jax.lax.scan(on, (zero, zero, jnp.zeros((trains.shape[1], 10))), trains)
            return reads.mean(0), rate.mean()

        def logits(params: list, key: jax.Array, x: jax.Array) -> tuple[jax.Array, jax.Array]:
            if variant == "relu":
                return through(params, x), jnp.ones(())
            if variant == "relu-rate":
                return through(params, coded(key, x).mean(0)), jnp.ones(())
            return spiking(params, coded(key, x))

        def loss(params: list, key: jax.Array) -> jax.Array:
            draw, noise = jax.random.split(key)
            inputs, labels = some(draw, 64, x, y)
            return surprise(logits(params, noise, inputs)[0], labels)

        params = fit(loss, params, training, settings["steps"], rate)
        found, fired = logits(params, coding, held)
        if variant.startswith("relu"):
            energy = MULTIPLY_ADD * (64 * HIDDEN + HIDDEN * 10)
        else:
            arriving = coded(coding, held).mean()
            energy = ADDITION * times * (arriving * 64 * HIDDEN + fired * HIDDEN * 10)
        return {
            "accuracy": right(found, truth),
            "firing": 100 * fired,
            "energy": energy / 1000,
            "params": size(params),
        }

    return run


TRIAL = Trial(
    variants={
        "relu": "no spikes, pixels at once",
        "relu-rate": "no spikes, the mean of the same spike trains",
        "lif": "leaky integrate-and-fire, slope of an arctangent",
        "lif-sigmoid": "the same with the slope of a sigmoid",
        "lif-narrow": "the same with a slope close to the threshold only",
        "lif-order": "one spike a pixel, the brighter the sooner",
        "alif": "a threshold that rises with every spike",
    },
    figures=(
        percent("accuracy", "digits told right"),
        Metric("firing", "neurons that fire in a step", "%", "down"),
        Metric("energy", "additions and multiply-adds at 45 nm", "nJ", "down"),
    ),
    make=make,
    settings={"times": 16, "steps": 600},
    smoke={"times": 4, "steps": 4},
)
