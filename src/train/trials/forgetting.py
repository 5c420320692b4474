"""Digits in two lessons: what is left of the first, and what keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from netspec.vocabulary.meta import elastic_weight_consolidation
from train.trials.base import Metric, Run, Trial, dense, digits, fit, percent, size, surprise, through

HIDDEN = 64
#: How firmly weights are held on average: as firmly by importance as all alike.
STRENGTH, HELD = 1.0, ("ewc", "l2")


def make(variant: str, settings: Mapping[str, Any]) -> Run:
    """Digits below five, then those from five; all together for comparison. One head for all ten."""

    def run(key: jax.Array, rate: jax.Array) -> dict[str, Any]:
        data, start, first, second, memory = jax.random.split(key, 5)
        (x, y), (held, truth) = digits(data)
        steps = settings["steps"]

        def of(lesson: int) -> Any:
            chosen = jnp.ones(len(y)) if lesson == 2 else ((y < 5) == (lesson == 0)).astype(jnp.float32)

            def loss(params: list, key: jax.Array) -> jax.Array:
                rows = jax.random.choice(key, len(y), (64,), p=chosen / chosen.sum())
                return surprise(through(params, x[rows]), y[rows])

            return loss

        params = dense(start, 64, HIDDEN, HIDDEN, 10)
        if variant == "together":
            params = fit(of(2), params, first, 2 * steps, rate)
        else:
            params = anchor = fit(of(0), params, first, steps, rate)
            old = jax.random.choice(memory, len(y), (settings["memory"],), p=(y < 5) / jnp.sum(y < 5))

            def squared(row: jax.Array) -> Any:
                slope = jax.grad(lambda p: surprise(through(p, x[row][None]), y[row][None]))(anchor)
                return jax.tree.map(jnp.square, slope)

            rows = jax.random.choice(memory, len(y), (200,), p=(y < 5) / jnp.sum(y < 5))
            fisher = jax.tree.map(lambda leaf: leaf.mean(0), jax.lax.map(squared, rows))
            mean = sum(jnp.sum(leaf) for leaf in jax.tree.leaves(fisher)) / size(fisher)
            fisher = jax.tree.map(lambda leaf: leaf / mean if variant == "ewc" else jnp.ones_like(leaf), fisher)

            def loss(params: list, key: jax.Array) -> jax.Array:
                found = of(1)(params, key)
                if variant in HELD:
                    found += elastic_weight_consolidation(params, anchor, fisher, STRENGTH)
                if variant == "replay":
                    rows = jax.random.choice(jax.random.fold_in(key, 1), old, (32,))
                    found += surprise(through(params, x[rows]), y[rows])
                return found

            params = fit(loss, params, second, steps, rate)
        told = jnp.argmax(through(params, held), -1) == truth
        early = truth < 5
        return {
            "all": 100 * jnp.mean(told),
            "first": 100 * jnp.sum(told & early) / jnp.sum(early),
            "second": 100 * jnp.sum(told & ~early) / jnp.sum(~early),
            "params": size(params),
        }

    return run


TRIAL = Trial(
    variants={
        "plain": "the second lesson after the first, nothing else",
        "l2": "weights held to where the first lesson left them",
        "ewc": "weights held by how much they mattered (elastic weight consolidation)",
        "replay": "a hundred examples of the first lesson shown again",
        "together": "both lessons at once",
    },
    figures=(
        percent("all", "digits told right after both lessons"),
        percent("first", "of the first lesson"),
        Metric("second", "of the second lesson", "%", "up"),
    ),
    make=make,
    settings={"steps": 500, "memory": 100},
    smoke={"steps": 4, "memory": 10},
)
