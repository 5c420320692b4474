"""A network of digits made smaller: fewer bits, fewer weights, a smaller network that learns from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from netspec.vocabulary.scaling.compression import dequantized, magnitude_mask, quantize
from train.trials.base import Metric, Run, Trial, dense, digits, fit, percent, right, size, some, surprise, through

HIDDEN, SMALL = 128, 6
BITS = {"int8": 8, "int4": 4, "int2": 2}
PRUNED = {"pruned-30": 0.3, "pruned-90": 0.9, "pruned-90-tuned": 0.9, "ticket": 0.9, "redrawn": 0.9}


def _masked(params: list, masks: list) -> list:
    return [layer | {"kernel": layer["kernel"] * mask} for layer, mask in zip(params, masks, strict=True)]


def _masks(params: list, fraction: float) -> list:
    return [magnitude_mask(layer["kernel"], fraction) for layer in params]


def make(variant: str, settings: Mapping[str, Any]) -> Run:
    """What becomes of the ``full`` network, or a ``small`` one by itself or ``distilled`` from it."""

    def run(key: jax.Array, rate: jax.Array) -> dict[str, Any]:
        data, start, training, again, small = jax.random.split(key, 5)
        (x, y), (held, truth) = digits(data, 700)
        x, y = x[: settings["examples"]], y[: settings["examples"]]
        first = dense(start, 64, HIDDEN, HIDDEN, 10)
        steps = settings["steps"]

        def trained(params: list, key: jax.Array, masks: list | None = None, of: Callable | None = None) -> list:
            def loss(params: list, key: jax.Array) -> jax.Array:
                inputs, labels = some(key, 64, x, y)
                logits = through(_masked(params, masks) if masks else params, inputs)
                if of is None:
                    return surprise(logits, labels)
                warm = settings["temperature"]
                taught = jax.nn.softmax(of(inputs) / warm)
                distance = -jnp.sum(taught * jax.nn.log_softmax(logits / warm), -1).mean() * warm**2
                return 0.1 * surprise(logits, labels) + 0.9 * distance

            made = fit(loss, params, key, steps, rate)
            return _masked(made, masks) if masks else made

        kept = 1.0
        if variant == "small":
            params = trained(dense(small, 64, SMALL, 10), training)
        elif variant == "distilled":
            teacher = trained(first, training)
            params = trained(dense(small, 64, SMALL, 10), again, of=lambda inputs: through(teacher, inputs))
        else:
            params = trained(first, training)
        if variant in BITS:
            kept = BITS[variant] / 32
            rounded = [dequantized(quantize(layer["kernel"], BITS[variant], axis=1)) for layer in params]
            params = [layer | {"kernel": kernel} for layer, kernel in zip(params, rounded, strict=True)]
        if variant == "binary":
            kept = 1 / 32
            signs = [jnp.sign(layer["kernel"]) * jnp.abs(layer["kernel"]).mean(0) for layer in params]
            params = [layer | {"kernel": kernel} for layer, kernel in zip(params, signs, strict=True)]
        if variant in PRUNED:
            kept = 1 - PRUNED[variant]
            masks = _masks(params, PRUNED[variant])
            match variant:
                case "pruned-90-tuned":
                    params = trained(params, again, masks)
                case "ticket":
                    params = trained(first, again, masks)
                case "redrawn":
                    params = trained(dense(small, 64, HIDDEN, HIDDEN, 10), again, masks)
            params = _masked(params, masks)
        bits = 32 * kept * sum(layer["kernel"].size for layer in params)
        return {
            "accuracy": right(through(params, held), truth),
            "loss": surprise(through(params, held), truth),
            "kilobytes": bits / 8192,
            "params": size(params),
        }

    return run


TRIAL = Trial(
    variants={
        "full": "two hidden layers of 128",
        "int8": "its weights in 8 bits, one scale a unit",
        "int4": "in 4 bits",
        "int2": "in 2 bits",
        "binary": "their signs, times a mean size a unit",
        "pruned-30": "without the smallest 30 % of each layer",
        "pruned-90": "without the smallest 90 %",
        "pruned-90-tuned": "without 90 %, trained on",
        "ticket": "the 10 % that are left, trained from their first values",
        "redrawn": "the 10 % that are left, trained from other first values",
        "small": "one hidden layer of 6",
        "distilled": "one hidden layer of 6, taught by the full network",
    },
    figures=(
        percent("accuracy", "digits told right"),
        Metric("loss", "held-out loss", "nats", "down"),
        Metric("kilobytes", "weights", "kB", "down"),
    ),
    make=make,
    settings={"examples": 1000, "steps": 800, "temperature": 3.0},
    smoke={"examples": 100, "steps": 5},
)
