"""A small transformer of digits, frozen, taught to read them turned by what stands before its tokens.

A digit is eight tokens, its rows. Prompts are vectors before the input, prefixes are keys and values of every layer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from netspec.vocabulary.layers.adapters import prefix_attention, prompt_tuning
from train.trials.base import (
    Metric,
    Params,
    Run,
    Trial,
    dense,
    digits,
    fit,
    percent,
    right,
    size,
    some,
    surprise,
    through,
)

ROWS, WIDTH, LAYERS, LENGTH, TEN = 8, 32, 2, 4, 10


def start(key: jax.Array) -> Params:
    """Weights of the transformer: rows to tokens, places, layers of one head with norms before them, and a head."""
    rows, places, head, *layers = jax.random.split(key, LAYERS + 3)
    return {
        "rows": dense(rows, ROWS, WIDTH),
        "places": 0.1 * jax.random.normal(places, (ROWS, WIDTH)),
        "layers": [
            {"attend": dense(one, WIDTH, 3 * WIDTH), "mix": dense(two, WIDTH, WIDTH),
             "mlp": dense(three, WIDTH, 2 * WIDTH, WIDTH)}
            for one, two, three in (jax.random.split(layer, 3) for layer in layers)
        ],
        "head": dense(head, WIDTH, TEN),
    }  # fmt: skip


def normed(x: jax.Array) -> jax.Array:
    """``x`` with mean 0 and variance 1 over its last axis."""
    return jax.nn.standardize(x, axis=-1, epsilon=1e-5)


def attended(asks: jax.Array, keys: jax.Array, values: jax.Array) -> jax.Array:
    """Attention of one head with nothing before it."""
    scores = jnp.matmul(asks, jnp.swapaxes(keys, -1, -2)) / jnp.sqrt(WIDTH)
    return jnp.matmul(jax.nn.softmax(scores, -1), values)


def logits(params: Params, x: jax.Array, prompt: jax.Array | None = None, prefix: jax.Array | None = None) -> jax.Array:
    """Scores ``(batch, TEN)`` of digits ``(batch, 64)``.

    A ``prompt`` is ``(length, WIDTH)``, a ``prefix`` ``(LAYERS, 2, length, WIDTH)``, keys and values of each layer.
    """
    tokens = through(params["rows"], x.reshape(-1, ROWS, ROWS)) + params["places"]
    if prompt is not None:
        tokens = prompt_tuning(tokens, prompt)
    for place, layer in enumerate(params["layers"]):
        asks, keys, values = jnp.split(through(layer["attend"], normed(tokens)), 3, -1)
        found = attended(asks, keys, values) if prefix is None else prefix_attention(asks, keys, values, *prefix[place])
        tokens = tokens + through(layer["mix"], found)
        tokens = tokens + through(layer["mlp"], normed(tokens))
    return through(params["head"], normed(tokens)[:, -ROWS:].mean(1))


def turned(x: jax.Array) -> jax.Array:
    """Digits ``(…, 64)`` turned by a quarter."""
    return jnp.rot90(x.reshape(-1, ROWS, ROWS), axes=(1, 2)).reshape(-1, ROWS * ROWS)


def make(variant: str, settings: Mapping[str, Any]) -> Run:
    """Pre-trained on digits upright; then all of it, its head, a prompt or prefixes on a few of them turned."""

    def run(key: jax.Array, rate: jax.Array) -> dict[str, Any]:
        data, begin, first, second, more = jax.random.split(key, 5)
        (x, y), (held, truth) = digits(data)
        few_x, few_y = turned(x[: settings["examples"]]), y[: settings["examples"]]

        def upright(params: Params, key: jax.Array) -> jax.Array:
            inputs, labels = some(key, 64, x, y)
            return surprise(logits(params, inputs), labels)

        base = fit(upright, start(begin), first, settings["steps"], 3e-3)
        trained: Params = {
            "none": base,
            "full": base,
            "scratch": start(more),
            "head": base["head"],
            "prompt": jax.random.normal(more, (LENGTH, WIDTH)),
            "prompt-long": jax.random.normal(more, (LAYERS * 2 * LENGTH, WIDTH)),
            "prefix": jax.random.normal(more, (LAYERS, 2, LENGTH, WIDTH)),
        }[variant]

        def tuned(trained: Params, x: jax.Array) -> jax.Array:
            match variant:
                case "head":
                    return logits(base | {"head": trained}, x)
                case "prompt" | "prompt-long":
                    return logits(base, x, prompt=trained)
                case "prefix":
                    return logits(base, x, prefix=trained)
            return logits(trained, x)

        def loss(trained: Params, key: jax.Array) -> jax.Array:
            inputs, labels = some(key, 32, few_x, few_y)
            return surprise(tuned(trained, inputs), labels)

        if variant != "none":
            trained = fit(loss, trained, second, settings["steps"], rate)
        return {
            "accuracy": right(tuned(trained, turned(held)), truth),
            "trained": 0 if variant == "none" else size(trained),
            "params": size(base),
        }

    return run


TRIAL = Trial(
    variants={
        "none": "the network as it was trained on upright digits",
        "scratch": "another network, trained on the few turned ones",
        "full": "all weights trained on",
        "head": "the last layer trained on",
        "prompt": f"{LENGTH} vectors before the tokens",
        "prompt-long": f"{LAYERS * 2 * LENGTH} vectors before the tokens, as many numbers as the prefixes",
        "prefix": f"{LENGTH} keys and values before those of each layer",
    },
    figures=(
        percent("accuracy", "turned digits told right"),
        Metric("trained", "numbers that are trained", "", "down"),
    ),
    make=make,
    settings={"examples": 100, "steps": 500},
    smoke={"steps": 3},
)
