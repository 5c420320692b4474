"""Communities of a random graph: which layers use the edges, and what depth does to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from netspec.vocabulary.graphs.convolutions import gat, gcn, graphsage
from train.trials.base import Metric, Run, Trial, dense, fit, percent, size, surprise, through

CLASSES, WIDTH, FEATURES = 4, 16, 8
KINDS = {"mlp": "none", "gcn": "gcn", "sage": "sage", "gat": "gat", "gin": "gin", "gcn-5": "gcn", "gcn-16": "gcn"}
DEPTHS = {"gcn-5": 5, "gcn-16": 16}


def drawn(key: jax.Array, nodes: int, degree: int) -> tuple[jax.Array, jax.Array, jax.Array, jax.Array]:
    """Features, both arcs of every edge as senders and receivers, and the community of each node.

    Three edges in four join a community, and features hint at it only faintly.
    """
    label, feature, inner, outer = jax.random.split(key, 4)
    labels = jnp.arange(nodes) % CLASSES
    centres = jax.random.normal(label, (CLASSES, FEATURES))
    x = 0.4 * centres[labels] + jax.random.normal(feature, (nodes, FEATURES))
    near, far = nodes * degree * 3 // 8, nodes * degree // 8
    first = jax.random.randint(inner, (2, near), 0, nodes)
    partner = (first[1] // CLASSES) * CLASSES + labels[first[0]]
    second = jax.random.randint(outer, (2, far), 0, nodes)
    shift = 1 + second[1] % (CLASSES - 1)
    stranger = (second[1] // CLASSES) * CLASSES + (labels[second[0]] + shift) % CLASSES
    ends = jnp.concatenate([first[0], second[0]]), jnp.concatenate([partner % nodes, stranger % nodes])
    return x, jnp.concatenate(ends), jnp.concatenate(ends[::-1]), labels


def _layer(
    kind: str, params: dict[str, jax.Array], x: jax.Array, senders: jax.Array, receivers: jax.Array
) -> jax.Array:
    match kind:
        case "gcn":
            return gcn(x, senders, receivers, params["kernel"])
        case "gat":
            return gat(x, senders, receivers, params["kernel"][None], params["attention"][None])
        case "sage":
            return graphsage(x, senders, receivers, params["kernel"])
        case "gin":
            summed = (1 + params["epsilon"]) * x + jax.ops.segment_sum(x[senders], receivers, len(x))
            hidden = jax.nn.relu(jnp.matmul(summed, params["first"]))
            return jnp.matmul(hidden, params["kernel"])
    return jnp.matmul(x, params["kernel"])


def _params(kind: str, key: jax.Array, i: int, o: int) -> dict[str, jax.Array]:
    one, two = jax.random.split(key)
    inputs = {"sage": 2 * i, "gin": WIDTH}.get(kind, i)
    params = {"kernel": jax.random.normal(one, (inputs, o)) * jnp.sqrt(2 / inputs)}
    if kind == "gat":
        params["attention"] = 0.1 * jax.random.normal(two, (2 * o,))
    if kind == "gin":
        params |= {"first": jax.random.normal(two, (i, WIDTH)) * jnp.sqrt(2 / i) / 4, "epsilon": jnp.zeros(())}
    return params


def make(variant: str, settings: Mapping[str, Any]) -> Run:
    """Two layers or more, trained on few labelled nodes and judged on the others."""
    kind, depth = KINDS[variant], DEPTHS.get(variant, 2)

    def run(key: jax.Array, rate: jax.Array) -> dict[str, Any]:
        data, start, training = jax.random.split(key, 3)
        x, senders, receivers, labels = drawn(data, settings["nodes"], settings["degree"])
        labelled = jnp.arange(len(x)) < CLASSES * settings["labels"]
        widths = [FEATURES, *[WIDTH] * depth]
        head, *keys = jax.random.split(start, depth + 1)
        layers = [_params(kind, one, i, o) for one, i, o in zip(keys, widths, widths[1:], strict=False)]
        params = layers, dense(head, WIDTH, CLASSES)

        def states(layers: list) -> jax.Array:
            h = x
            for layer in layers:
                h = jax.nn.relu(_layer(kind, layer, h, senders, receivers))
            return h

        def logits(params: tuple) -> jax.Array:
            return through(params[1], states(params[0]))

        def loss(params: tuple, _: jax.Array) -> jax.Array:
            count = CLASSES * settings["labels"]
            return surprise(logits(params)[:count], labels[:count])

        params = fit(loss, params, training, settings["steps"], rate)
        told = jnp.argmax(logits(params), -1) == labels
        h = states(params[0])
        return {
            "accuracy": 100 * jnp.sum(told & ~labelled) / jnp.sum(~labelled),
            "labelled": 100 * jnp.sum(told & labelled) / jnp.sum(labelled),
            "spread": jnp.linalg.norm(h - h.mean(0)) / (jnp.linalg.norm(h) + 1e-9),
            "params": size(params),
        }

    return run


TRIAL = Trial(
    variants={
        "mlp": "each node by itself",
        "gcn": "two layers that smooth by degree",
        "sage": "two layers of a node beside the mean of its neighbours",
        "gat": "two layers that attend to neighbours",
        "gin": "two layers of an MLP on sums",
        "gcn-5": "five layers that smooth",
        "gcn-16": "sixteen layers that smooth",
    },
    figures=(
        percent("accuracy", "unlabelled nodes told right"),
        percent("labelled", "labelled nodes told right"),
        Metric("spread", "share of the states that is not their mean", "", "up"),
    ),
    make=make,
    settings={"nodes": 400, "degree": 8, "labels": 5, "steps": 200},
    smoke={"nodes": 80, "steps": 5},
)
