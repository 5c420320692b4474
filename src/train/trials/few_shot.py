"""Digits that training never saw, from one example of each or five. A digit turned is another class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from netspec.vocabulary.meta import maml_gradient, matching_network, prototypical
from train.trials.base import Run, Trial, dense, digits, fit, percent, right, size, surprise, through

WIDTH, HIDDEN, WAYS = 32, 128, 5
#: Of ten digits in four turns, those of the first six are for training.
CLASSES, SEEN = 40, 24


def _episode(key: jax.Array, x: jax.Array, y: jax.Array, low: int, high: int, shots: int, queries: int) -> tuple:
    """``WAYS`` classes from ``low`` up to ``high``, with ``shots`` examples and ``queries`` of each."""
    which, *picks = jax.random.split(key, WAYS + 1)
    chosen = jax.random.permutation(which, jnp.arange(low, high))[:WAYS]
    rows = [
        jax.random.choice(pick, len(y), (shots + queries,), replace=False, p=(y == one) / jnp.sum(y == one))
        for pick, one in zip(picks, chosen, strict=True)
    ]
    support = jnp.concatenate([x[row[:shots]] for row in rows])
    query = jnp.concatenate([x[row[shots:]] for row in rows])
    ways = jnp.arange(WAYS)
    return support, jnp.repeat(ways, shots), query, jnp.repeat(ways, queries)


def turned(x: jax.Array, y: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Every picture in four turns, each of them a class: those of digit ``d`` are ``4d`` to ``4d + 3``."""
    pictures = x.reshape(-1, 8, 8)
    turns = [jnp.rot90(pictures, turn, (1, 2)).reshape(x.shape) for turn in range(4)]
    return jnp.concatenate(turns), jnp.concatenate([4 * y + turn for turn in range(4)])


def make(variant: str, settings: Mapping[str, Any]) -> Run:
    """Trained on episodes, or as a classifier, of ``SEEN`` classes; judged on episodes of the others."""
    kind, _, five = variant.partition("-5")
    shots = 5 if five or variant.endswith("-5") else 1
    inner, moves = settings["inner_rate"], settings["inner_steps"]

    def run(key: jax.Array, rate: jax.Array) -> dict[str, Any]:
        data, start, training, judging = jax.random.split(key, 4)
        (x, y), (held, truth) = digits(data)
        x, y = turned(jnp.concatenate([x, held]), jnp.concatenate([y, truth]))
        ends = WAYS if kind in ("maml", "scratch") else SEEN if kind == "finetune" else WIDTH
        params = dense(start, 64, HIDDEN, ends)

        def of_task(params: list, task: tuple) -> jax.Array:
            return surprise(through(params, task[0]), task[1])

        def scores(params: list, support: jax.Array, labels: jax.Array, query: jax.Array) -> jax.Array:
            match kind:
                case "proto":
                    return prototypical(through(params, query), through(params, support), labels, WAYS)
                case "matching":
                    told = matching_network(
                        through(params, query), through(params, support), jax.nn.one_hot(labels, WAYS), 0.1
                    )
                    return jnp.log(told + 1e-6)
                case "pixels":
                    return prototypical(query, support, labels, WAYS)
                case "finetune":
                    body, head = params[:1], dense(judging, HIDDEN, WAYS)
                    states = jax.nn.relu(through(body, support))
                    head = fit(lambda h, _: surprise(through(h, states), labels), head, judging, 50, 0.05)
                    return through(head, jax.nn.relu(through(body, query)))
            adapted = params
            for _ in range(moves if kind == "maml" else 50):
                slope = jax.grad(of_task)(adapted, (support, labels))
                adapted = jax.tree.map(lambda one, by: one - inner * by, adapted, slope)
            return through(adapted, query)

        def loss(params: list, key: jax.Array) -> jax.Array:
            if kind == "finetune":
                rows = jax.random.choice(key, len(y), (64,), p=(y < SEEN) / jnp.sum(y < SEEN))
                return surprise(through(params, x[rows]), y[rows])
            support, labels, query, answers = _episode(key, x, y, 0, SEEN, shots, 10)
            if kind == "maml":
                slope = jax.lax.stop_gradient(
                    maml_gradient(of_task, params, (support, labels), (query, answers), inner, moves)
                )
                return sum(jnp.vdot(one, by) for one, by in zip(*map(jax.tree.leaves, (params, slope)), strict=True))
            return surprise(scores(params, support, labels, query), answers)

        if kind not in ("pixels", "scratch"):
            params = fit(loss, params, training, settings["steps"], rate)

        def judged(key: jax.Array) -> jax.Array:
            support, labels, query, answers = _episode(key, x, y, SEEN, CLASSES, shots, 15)
            return right(scores(params, support, labels, query), answers)

        found = jax.lax.map(judged, jax.random.split(judging, settings["episodes"]))
        return {"accuracy": jnp.mean(found), "worst": jnp.min(found), "params": size(params)}

    return run


TRIAL = Trial(
    variants={
        "pixels": "the nearest mean of pixels, one example",
        "scratch": "a network trained on the one example of each",
        "finetune": "a classifier of other digits with a new head",
        "maml": "a start learned for a few steps",
        "proto": "the nearest mean in a learned embedding",
        "matching": "attention to the examples in a learned embedding",
        "pixels-5": "the nearest mean of pixels, five examples",
        "maml-5": "a start learned for a few steps, five examples",
        "proto-5": "the nearest mean in a learned embedding, five examples",
    },
    figures=(percent("accuracy", "told right among five new classes"), percent("worst", "of the worst episode")),
    make=make,
    settings={"steps": 1000, "episodes": 100, "inner_rate": 0.2, "inner_steps": 3},
    smoke={"steps": 3, "episodes": 3},
)
