"""Regression with outliers: what a loss makes of targets that are wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import optax

from train.trials.base import Run, Trial, dense, fit, less, size, some, through

FEATURES, HIDDEN = 4, 32


def _target(x: jax.Array) -> jax.Array:
    return jnp.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2] + 0.5 * x[:, 3]


def _loss(kind: str, error: jax.Array) -> jax.Array:
    if kind == "mse":
        return jnp.mean(error**2) / 2
    if kind == "mae":
        return jnp.mean(jnp.abs(error))
    return jnp.mean(optax.losses.huber_loss(error))


def make(variant: str, settings: Mapping[str, Any]) -> Run:
    """An MLP trained with ``mse``, ``mae`` or ``huber`` on targets of which a share is wrong, or none (``-clean``)."""
    kind, _, clean = variant.partition("-")

    def run(key: jax.Array, rate: jax.Array) -> dict[str, Any]:
        data, noise, wrong, start, training = jax.random.split(key, 5)
        x = jax.random.normal(data, (settings["examples"] + 1000, FEATURES))
        truth = _target(x)
        count = settings["examples"]
        y = truth[:count] + 0.1 * jax.random.normal(noise, (count,))
        if not clean:
            hit = jax.random.uniform(wrong, (count,)) < settings["outliers"]
            y = jnp.where(hit, y + 10 * jax.random.normal(jax.random.fold_in(wrong, 1), (count,)), y)
        params = dense(start, FEATURES, HIDDEN, HIDDEN, 1)

        def loss(params: list, key: jax.Array) -> jax.Array:
            inputs, targets = some(key, 64, x[:count], y)
            return _loss(kind, through(params, inputs, jnp.tanh)[:, 0] - targets)

        params = fit(loss, params, training, settings["steps"], rate)
        error = through(params, x[count:], jnp.tanh)[:, 0] - truth[count:]
        return {
            "rmse": jnp.sqrt(jnp.mean(error**2)),
            "median": jnp.median(jnp.abs(error)),
            "params": size(params),
        }

    return run


TRIAL = Trial(
    variants={
        "mse": "squared error, one target in ten wrong",
        "mae": "absolute error, the same targets",
        "huber": "squared near zero and absolute beyond one, the same targets",
        "mse-clean": "squared error, all targets right",
        "mae-clean": "absolute error, all targets right",
        "huber-clean": "both, all targets right",
    },
    figures=(less("rmse", "root mean squared error of the truth"), less("median", "median error of the truth")),
    make=make,
    settings={"examples": 1000, "outliers": 0.1, "steps": 1500},
    smoke={"examples": 100, "steps": 10},
)
