"""Learning without a backward pass: 64 features of digits by local rules, all read by one ridge regression.

Every variant sees as many pictures and leaves 64 units; only how their weights came to be differs. Labels reach the
weights of ``backprop`` alone, the readout's apart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from train.trials.base import Metric, Run, Trial, dense, digits, fit, less, percent, right, some, surprise, through
from train.trials.examples.maps import torn, winners
from train.trials.gas import grown
from train.trials.plasticity import GRID, UNITS, fired_together, mapped, means, restricted, spiking
from train.trials.readout import readout

PIXELS, CLASSES = 64, 10
#: Variants whose units stand for pictures of their own.
PROTOTYPES = ("examples", "k-means", "som", "growing-neural-gas")
#: Variants that go down a slope.
GRADIENTS = ("rbm", "autoencoder", "backprop")

Features = Callable[[jax.Array], jax.Array]


def more_than_most(answers: jax.Array) -> jax.Array:
    """By how much each unit answers more than units do in the mean, else zero (Coates, Ng and Lee 2011, "triangle")."""
    return jax.nn.relu(answers - answers.mean(-1, keepdims=True))


def along(weights: jax.Array, middle: jax.Array) -> Features:
    """Features of weights ``(pixels, units)``, brought to length one, that a picture less the mean one goes along."""
    weights = weights / jnp.maximum(jnp.linalg.norm(weights, axis=0), 1e-6)
    return lambda x: more_than_most((x - middle) @ weights)


def likeness(weights: jax.Array) -> jax.Array:
    """Mean absolute cosine of two different units, in percent: 100 where all have learned the same."""
    weights = weights / jnp.maximum(jnp.linalg.norm(weights, axis=0), 1e-6)
    units = weights.shape[1]
    return 100 * (jnp.abs(weights.T @ weights).sum() - units) / (units * (units - 1))


def near(prototypes: jax.Array) -> Features:
    """Features of prototypes ``(units, pixels)``, by how near a picture is to each."""

    def features(x: jax.Array) -> jax.Array:
        square = jnp.sum(x**2, -1)[:, None] - 2 * x @ prototypes.T + jnp.sum(prototypes**2, -1)
        return more_than_most(-jnp.sqrt(jnp.maximum(square, 0)))

    return features


def learned(
    variant: str, key: jax.Array, x: jax.Array, stream: jax.Array, rate: jax.Array, settings: Mapping[str, Any]
) -> jax.Array:
    """Weights ``(pixels, units)``, or prototypes ``(units, pixels)``, of a variant without a gradient.

    ``x`` are all pictures, of which those of ``stream`` pass one after the other.
    """
    start, training = jax.random.split(key)
    directions = jax.random.normal(start, (PIXELS, UNITS)) / jnp.sqrt(PIXELS)
    examples = x[jax.random.permutation(start, len(x))[:UNITS]]
    match variant:
        case "random":
            return directions
        case "examples":
            return examples
        case "hebbian" | "hebbian-winner":
            batches = (stream - x.mean(0)).reshape(-1, settings["batch"], PIXELS)
            return fired_together(directions, batches, rate, variant == "hebbian-winner")
        case "stdp":
            return spiking(training, stream, rate / 10, settings["times"])
        case "som":
            return mapped(examples, stream, rate)
        case "growing-neural-gas":
            return grown(examples[:2], stream, rate, UNITS, settings["every"])
        case "k-means":
            return means(examples, x, -(-len(stream) // len(x)))
    raise ValueError(variant)


def trained(
    variant: str, key: jax.Array, x: jax.Array, y: jax.Array, rate: jax.Array, settings: Mapping[str, Any]
) -> Features:
    """Features of a variant that has a gradient: hidden units of a machine, or of a network whose end is cut off."""
    start, training = jax.random.split(key)
    middle = x.mean(0)
    out = CLASSES if variant == "backprop" else PIXELS
    layers = dense(start, PIXELS, UNITS, out)
    machine = {"weight": 0.1 * layers[0]["kernel"], "visible": jnp.zeros(PIXELS), "hidden": jnp.zeros(UNITS)}

    def loss(params: Any, key: jax.Array) -> jax.Array:
        draw, noise = jax.random.split(key)
        inputs, labels = some(draw, settings["batch"], x, y)
        if variant == "rbm":
            return restricted(params, noise, inputs)
        if variant == "backprop":
            return surprise(through(params, inputs - middle), labels)
        inputs = inputs - middle
        kept = jax.random.bernoulli(noise, 0.7, inputs.shape)  # it fills in the pixels that it does not see
        return jnp.mean((through(params, inputs * kept) - inputs) ** 2)

    steps = settings["seen"] // settings["batch"]
    found = fit(loss, machine if variant == "rbm" else layers, training, steps, rate)
    if variant == "rbm":
        return lambda x: jax.nn.sigmoid(x @ found["weight"] + found["hidden"])
    return lambda x: jax.nn.relu((x - middle) @ found[0]["kernel"] + found[0]["bias"])


def work(variant: str, settings: Mapping[str, Any]) -> float:
    """Multiply-adds of learning in millions, without the readout, which is the same for all."""
    once = PIXELS * UNITS
    a_picture = {
        "hebbian": 3 * once,
        "hebbian-winner": once + 2 * PIXELS,
        "stdp": settings["times"] * 5 * once,
        "som": 2 * once,
        "growing-neural-gas": 2 * once,
        "k-means": once,
        "rbm": 5 * once,
        "autoencoder": 3 * 2 * once,
        "backprop": 3 * (once + UNITS * CLASSES),
    }
    return settings["seen"] * a_picture.get(variant, 0) / 1e6


def make(variant: str, settings: Mapping[str, Any]) -> Run:
    """``seen`` pictures, in batches where a rule has them; then the readout, and held-out digits."""

    def run(key: jax.Array, rate: jax.Array) -> dict[str, Any]:
        data, start, order = jax.random.split(key, 3)
        (x, y), (held, truth) = digits(data)
        stream = some(order, settings["seen"], x)[0]
        figures: dict[str, Any] = {"work": jnp.asarray(work(variant, settings)), "params": (UNITS + 1) * CLASSES}
        if variant == "pixels":
            told = readout(x, jax.nn.one_hot(y, CLASSES), held)
            return {"accuracy": right(told, truth), **figures}
        if variant in GRADIENTS:
            features = trained(variant, start, x, y, rate, settings)
        else:
            weights = learned(variant, start, x, stream, rate, settings)
            features = near(weights) if variant in PROTOTYPES else along(weights, x.mean(0))
        if variant in PROTOTYPES:
            two, far = winners(weights, held)
            figures["quantization"] = jnp.mean(far**2)
            if variant in ("som", "k-means"):
                figures["torn"] = torn(two, GRID)
        elif variant not in GRADIENTS:
            figures["likeness"] = likeness(weights)
        told = readout(features(x), jax.nn.one_hot(y, CLASSES), features(held))
        return {"accuracy": right(told, truth), **figures}

    return run


TRIAL = Trial(
    variants={
        "pixels": "the readout alone, of 64 pixels",
        "random": "drawn weights",
        "examples": "drawn pictures as prototypes",
        "hebbian": "Oja’s rule, every unit from every picture",
        "hebbian-winner": "Oja’s rule, each unit from the pictures that it answers most",
        "stdp": "spiking neurons of which one fires at a time, by the timing of spikes",
        "rbm": "a restricted Boltzmann machine, contrastive divergence of one step",
        "som": "Kohonen’s map of 8 × 8 units",
        "growing-neural-gas": "units joined by edges, added one by one up to 64",
        "k-means": "means of the pictures that are nearest to each, ten rounds",
        "autoencoder": "gradients, to fill in pixels that are taken away",
        "backprop": "gradients from labels",
    },
    figures=(
        percent("accuracy", "digits told right by the readout"),
        less("quantization", "mean squared distance to the nearest prototype"),
        less("torn", "pictures whose two nearest units do not touch on the grid", "%"),
        less("likeness", "likeness of two units, the cosine of their weights", "%"),
        Metric("work", "multiply-adds of learning", "millions", "down"),
    ),
    make=make,
    settings={"seen": 32000, "batch": 32, "times": 40, "every": 100},
    smoke={"seen": 64, "times": 4, "every": 8},
)
