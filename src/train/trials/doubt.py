"""How well a network of digits knows what it does not know, on digits as they are and on spoilt ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import optax

from netspec.vocabulary.safety.uncertainty import calibration_error
from train.trials.base import (
    Metric,
    Run,
    Trial,
    dense,
    digits,
    fit,
    less,
    percent,
    right,
    size,
    some,
    surprise,
    through,
)

HIDDEN, MEMBERS, PASSES = 64, 5, 20


def _dropped(params: list, x: jax.Array, key: jax.Array, share: float) -> jax.Array:
    first, second = jax.random.split(key)
    for place, layer in enumerate(params):
        x = jnp.matmul(x, layer["kernel"]) + layer["bias"]
        if place + 1 < len(params):
            kept = jax.random.bernoulli(first if place == 0 else second, 1 - share, x.shape)
            x = jax.nn.relu(x) * kept / (1 - share)
    return x


def make(variant: str, settings: Mapping[str, Any]) -> Run:
    """One network, several, or one with dropout that stays on; probabilities as they are or made milder."""

    def run(key: jax.Array, rate: jax.Array) -> dict[str, Any]:
        data, start, training, noise = jax.random.split(key, 4)
        (x, y), (held, truth) = digits(data, 900)
        tuned, tuned_truth, held, truth = held[:200], truth[:200], held[200:], truth[200:]
        x, y = x[: settings["examples"]], y[: settings["examples"]]
        spoilt = held + 0.35 * jax.random.normal(noise, held.shape)

        def loss(params: list, key: jax.Array) -> jax.Array:
            draw, drop = jax.random.split(key)
            inputs, labels = some(draw, 64, x, y)
            logits = _dropped(params, inputs, drop, 0.3) if variant == "dropout" else through(params, inputs)
            if variant == "smoothed":
                return optax.softmax_cross_entropy(logits, optax.smooth_labels(jax.nn.one_hot(labels, 10), 0.1)).mean()
            return surprise(logits, labels)

        def member(keys: jax.Array) -> list:
            return fit(loss, dense(keys[0], 64, HIDDEN, HIDDEN, 10), keys[1], settings["steps"], rate)

        count = MEMBERS if variant == "ensemble" else 1
        keys = jax.vmap(lambda one: jnp.stack([jax.random.fold_in(start, one), jax.random.fold_in(training, one)]))(
            jnp.arange(count)
        )
        networks = jax.lax.map(member, keys)

        def logits(x: jax.Array) -> jax.Array:
            """``(members or passes, batch, 10)``."""
            if variant == "dropout":
                one = jax.tree.map(lambda leaf: leaf[0], networks)
                return jax.lax.map(lambda k: _dropped(one, x, k, 0.3), jax.random.split(noise, PASSES))
            return jax.lax.map(lambda one: through(one, x), networks)

        warm = jnp.ones(())
        if variant == "temperature":
            warms = jnp.exp(jnp.linspace(-1, 2, 61))
            held_out = logits(tuned)[0]
            warm = warms[jnp.argmin(jax.vmap(lambda t: surprise(held_out / t, tuned_truth))(warms))]

        def judged(x: jax.Array) -> dict[str, jax.Array]:
            p = jax.nn.softmax(logits(x) / warm).mean(0)
            sure, told = p.max(-1), jnp.argmax(p, -1) == truth
            best = jnp.argsort(-sure)[: int(0.8 * len(truth))]
            return {
                "accuracy": right(p, truth),
                "loss": surprise(jnp.log(p + 1e-9), truth),
                "calibration": 100 * calibration_error(sure, told),
                "selected": 100 * jnp.mean(told[best]),
            }

        plain, worse = judged(held), judged(spoilt)
        return {
            "clean_loss": plain["loss"],
            "calibration": worse["calibration"],
            "loss": worse["loss"],
            "accuracy": worse["accuracy"],
            "selected": worse["selected"],
            "clean_calibration": plain["calibration"],
            "clean_accuracy": plain["accuracy"],
            "params": size(networks),
        }

    return run


TRIAL = Trial(
    variants={
        "single": "one network",
        "temperature": "one network, its logits divided by a number fitted on 200 digits",
        "smoothed": "one network, a tenth of each label given to the others",
        "dropout": "dropout of 0.3 that stays on, the mean of 20 passes",
        "ensemble": "the mean of five networks",
    },
    figures=(
        Metric(
            "clean_loss", "loss on digits as they are", "nats", "down"
        ),  # rates are chosen as one would, on clean data
        Metric("calibration", "calibration error on spoilt digits", "%", "down"),
        Metric("loss", "loss on spoilt digits", "nats", "down"),
        percent("accuracy", "spoilt digits told right"),
        percent("selected", "right of the surest 80 % of the spoilt"),
        less("clean_calibration", "calibration error on digits as they are", "%"),
        percent("clean_accuracy", "digits told right as they are"),
    ),
    make=make,
    settings={"examples": 800, "steps": 800},
    smoke={"examples": 100, "steps": 5},
)
