"""Mixtures of experts on clusters with maps of their own: what balancing does, what parameters buy at equal cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from netspec.vocabulary.layers.experts import expert_choice, load_balancing_loss, mixture_of_experts
from train.trials.base import Metric, Run, Trial, fit, less, size

FEATURES, HIDDEN, OUT, EXPERTS, TASKS = 12, 16, 4, 8, 8


def _problem(key: jax.Array, count: int) -> tuple[jax.Array, jax.Array]:
    """Inputs around one of ``TASKS`` centres, each with a map of its own to the targets; the first is half of them."""
    centre, maps, which, noise = jax.random.split(key, 4)
    centres = 3 * jax.random.normal(centre, (TASKS, FEATURES))
    kernels = jax.random.normal(maps, (TASKS, FEATURES, OUT)) / jnp.sqrt(FEATURES)
    task = jnp.maximum(0, jax.random.randint(which, (count,), -TASKS + 1, TASKS))
    spread = jax.random.normal(noise, (count, FEATURES))
    return centres[task] + spread, jnp.tanh(jnp.einsum("nf,nfo->no", spread, kernels[task]))


def make(variant: str, settings: Mapping[str, Any]) -> Run:
    """``dense`` has the cost of one expert, ``wide`` the parameters of all; the others choose."""
    balance = {"balanced": 0.01, "strict": 0.1}.get(variant, 0.0)
    k = 2 if variant == "two" else 1
    hidden, experts = (HIDDEN * EXPERTS, 1) if variant == "wide" else (HIDDEN, 1 if variant == "dense" else EXPERTS)

    def run(key: jax.Array, rate: jax.Array) -> dict[str, Any]:
        data, start, training = jax.random.split(key, 3)
        count = settings["examples"]
        x, y = _problem(data, count + 1024)
        gate, one, two = jax.random.split(start, 3)
        params = {
            "gate": 0.02 * jax.random.normal(gate, (FEATURES, experts)),
            "first": jax.random.normal(one, (experts, FEATURES, hidden)) * jnp.sqrt(2 / FEATURES),
            "second": jax.random.normal(two, (experts, hidden, OUT)) * jnp.sqrt(1 / hidden),
        }

        def routed(params: dict, x: jax.Array) -> tuple[jax.Array, jax.Array]:
            gates = jax.nn.softmax(jnp.matmul(x, params["gate"]))
            if variant == "choice":
                return expert_choice(x, **params, capacity=len(x) // EXPERTS), gates
            chosen = mixture_of_experts(x, **params, k=k)
            # Weighed by its own probability, as Fedus et al. 2021 do, so that a single choice has a gradient.
            return chosen * (gates.max(-1, keepdims=True) if experts > 1 and k == 1 else 1.0), gates

        def loss(params: dict, key: jax.Array) -> jax.Array:
            rows = jax.random.randint(key, (128,), 0, count)
            found, gates = routed(params, x[rows])
            error = jnp.mean((found - y[rows]) ** 2)
            if balance:
                error += load_balancing_loss(gates, jax.lax.top_k(gates, k)[1], balance)
            return error

        params = fit(loss, params, training, settings["steps"], rate)
        held, truth = x[count:], y[count:]
        found, gates = routed(params, held)
        load = jnp.mean(jax.nn.one_hot(jnp.argmax(gates, -1), experts), 0)
        return {
            "error": jnp.sqrt(jnp.mean((found - truth) ** 2) / jnp.var(truth)),
            "largest": 100 * jnp.max(load),
            "idle": jnp.sum(load < 0.01),
            "params": size(params),
        }

    return run


TRIAL = Trial(
    variants={
        "dense": "one network as wide as an expert",
        "wide": "one network as wide as all experts together",
        "plain": "one expert of eight a token, nothing balances",
        "balanced": "the same with a balancing loss of 0.01",
        "strict": "the same with a balancing loss of 0.1",
        "two": "two experts of eight a token, nothing balances",
        "choice": "experts choose their tokens",
    },
    figures=(
        less("error", "error relative to the spread of the targets"),
        Metric("largest", "tokens of the busiest expert", "%", "down"),
        less("idle", "experts with less than 1 % of the tokens"),
    ),
    make=make,
    settings={"examples": 4096, "steps": 2000},
    smoke={"examples": 256, "steps": 5},
)
