"""A network of digits taught to read them turned by a quarter: how much of it has to move."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from netspec.vocabulary.layers.adapters import lora
from train.trials.base import Metric, Run, Trial, dense, digits, fit, percent, right, size, some, surprise, through

HIDDEN, RANK = 64, 4


def _turned(x: jax.Array) -> jax.Array:
    return jnp.rot90(x.reshape(-1, 8, 8), axes=(1, 2)).reshape(-1, 64)


def make(variant: str, settings: Mapping[str, Any]) -> Run:
    """Pre-trained on digits upright; then ``full``, ``head``, ``lora``, ``adapter``, ``bias``, ``scratch`` or not."""

    def run(key: jax.Array, rate: jax.Array) -> dict[str, Any]:
        data, start, first, second, more = jax.random.split(key, 5)
        (x, y), (held, truth) = digits(data)
        few_x, few_y = _turned(x[: settings["examples"]]), y[: settings["examples"]]
        base = dense(start, 64, HIDDEN, HIDDEN, 10)

        def upright(params: list, key: jax.Array) -> jax.Array:
            inputs, labels = some(key, 64, x, y)
            return surprise(through(params, inputs), labels)

        base = fit(upright, base, first, settings["steps"], 3e-3)
        widths = [64, HIDDEN, HIDDEN, 10]
        keys = jax.random.split(more, 6)
        trained: Any
        match variant:
            case "none" | "full":
                trained = base
            case "scratch":
                trained = dense(more, *widths)
            case "head":
                trained = base[-1]
            case "bias":
                trained = [layer["bias"] for layer in base]
            case "lora":
                trained = [
                    {"down": jax.random.normal(keys[i], (widths[i], RANK)) / jnp.sqrt(widths[i]),
                     "up": jnp.zeros((RANK, widths[i + 1]))}
                    for i in range(3)
                ]  # fmt: skip
            case _:
                trained = [
                    {"down": jax.random.normal(keys[i], (HIDDEN, RANK)) / jnp.sqrt(HIDDEN),
                     "up": jnp.zeros((RANK, HIDDEN))}
                    for i in range(2)
                ]  # fmt: skip

        def logits(trained: Any, x: jax.Array) -> jax.Array:
            match variant:
                case "none" | "full" | "scratch":
                    return through(trained, x)
                case "head":
                    return through([*base[:-1], trained], x)
                case "bias":
                    return through([one | {"bias": b} for one, b in zip(base, trained, strict=True)], x)
                case "lora":
                    for place, (layer, moved) in enumerate(zip(base, trained, strict=True)):
                        x = lora(x, layer["kernel"], moved["down"], moved["up"], 2.0 * RANK) + layer["bias"]
                        x = jax.nn.relu(x) if place < 2 else x
                    return x
            for layer, moved in zip(base[:2], trained, strict=True):
                x = jax.nn.relu(x @ layer["kernel"] + layer["bias"])
                x = x + jax.nn.relu(x @ moved["down"]) @ moved["up"]
            return through(base[2:], x)

        def loss(trained: Any, key: jax.Array) -> jax.Array:
            inputs, labels = some(key, 32, few_x, few_y)
            return surprise(logits(trained, inputs), labels)

        if variant != "none":
            trained = fit(loss, trained, second, settings["steps"] // 2, rate)
        changed = variant in ("none", "full", "scratch", "head", "bias")
        return {
            "accuracy": right(logits(trained, _turned(held)), truth),
            # What is beside the network is left out for digits upright; what is in it has changed.
            "kept": right(logits(trained, held) if changed else through(base, held), truth),
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
        "bias": "the biases trained on",
        "lora": "matrices of rank four beside every kernel",
        "adapter": "bottlenecks of four behind the hidden layers",
    },
    figures=(
        percent("accuracy", "turned digits told right"),
        percent("kept", "upright digits told right afterwards"),
        Metric("trained", "numbers that are trained", "", "down"),
    ),
    make=make,
    settings={"examples": 100, "steps": 800},
    smoke={"steps": 4},
)
