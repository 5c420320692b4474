"""Sines of any height and phase from ten points each: starts that adapt, and a network that writes another one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from netspec.vocabulary.meta import hypernetwork, maml_gradient
from train.trials.base import Params, Run, Trial, dense, fit, less, size, through

HIDDEN, WRITTEN, TASK = 32, 16, 16
#: The tensors that are written: one hidden layer.
SHAPES = ((1, WRITTEN), (WRITTEN,), (WRITTEN, 1), (1,))
FEW, ASKED, REACH = 10, 50, 4.0

Points = tuple[jax.Array, jax.Array]


def tasks(key: jax.Array, count: int) -> tuple[Points, Points]:
    """Points to adapt to, ``(count, FEW, 1)``, and others to be asked for, of one sine each."""
    height, phase, x = jax.random.split(key, 3)
    a = jax.random.uniform(height, (count, 1, 1), minval=0.5, maxval=2)
    p = jax.random.uniform(phase, (count, 1, 1), maxval=2 * jnp.pi)
    at = jax.random.uniform(x, (count, FEW + ASKED, 1), minval=-REACH, maxval=REACH)
    y = a * jnp.sin(at + p)
    return (at[:, :FEW], y[:, :FEW]), (at[:, FEW:], y[:, FEW:])


def missed(params: Params, points: Points) -> jax.Array:
    """Mean square error of a dense network."""
    return jnp.mean((through(params, points[0], jnp.tanh) - points[1]) ** 2)


def adapted(params: Params, support: Points, rate: float, moves: int) -> Params:
    """``params`` after some steps down the slope on the points of a task."""

    def move(params: Params, _: None) -> tuple[Params, None]:
        slope = jax.grad(missed)(params, support)
        return jax.tree.map(lambda one, by: one - rate * by, params, slope), None

    return jax.lax.scan(move, params, None, moves)[0]


def written(params: Params, support: Points, x: jax.Array) -> jax.Array:
    """Answers at ``x`` of a network whose weights another one writes, from the mean of what it makes of each point."""
    task = through(params["reads"], jnp.concatenate(support, -1)).mean(0)
    first, bias, second, last = hypernetwork(task, params["first"], params["second"], SHAPES)
    return jnp.tanh(x @ first + bias) @ second + last


def nearby(support: Points, x: jax.Array) -> jax.Array:
    """The mean of the points, the nearer the heavier: what needs no training."""
    weights = jax.nn.softmax(-((x - support[0].T) ** 2) / 0.5, axis=-1)
    return weights @ support[1]


def _start(variant: str, key: jax.Array) -> Params:
    if variant != "written":
        return dense(key, 1, HIDDEN, HIDDEN, 1)
    reads, first, second = jax.random.split(key, 3)
    total = sum(jnp.zeros(shape).size for shape in SHAPES)
    return {"reads": dense(reads, 2, HIDDEN, HIDDEN, TASK), "first": jax.random.normal(first, (TASK, HIDDEN)) / 4,
            "second": jax.random.normal(second, (HIDDEN, total)) / jnp.sqrt(HIDDEN)}  # fmt: skip


def make(variant: str, settings: Mapping[str, Any]) -> Run:
    """Trained on tasks that are drawn anew at every step, judged on others after adapting to their points."""
    inner, moves, batch = settings["inner_rate"], settings["moves"], settings["batch"]

    def answer(params: Params, support: Points, x: jax.Array) -> jax.Array:
        if variant == "nearby":
            return nearby(support, x)
        if variant == "written":
            return written(params, support, x)
        steps = 20 * moves if variant in ("scratch", "together-long") else moves
        return through(adapted(params, support, inner, steps), x, jnp.tanh)

    def run(key: jax.Array, rate: jax.Array) -> dict[str, Any]:
        start, training, last = jax.random.split(key, 3)
        params = _start(variant, start)

        def one(params: Params, support: Points, query: Points) -> jax.Array:
            """A loss of one task, or a product of weights and a direction whose slope is that direction."""
            match variant:
                case "together" | "together-long":
                    return missed(params, jax.tree.map(lambda *both: jnp.concatenate(both), support, query))
                case "written":
                    return jnp.mean((written(params, support, query[0]) - query[1]) ** 2)
                case "maml":
                    way = maml_gradient(missed, params, support, query, inner, moves)
                case _:  # towards where the steps lead (Nichol et al. 2018)
                    ends = adapted(params, support, inner, moves)
                    way = jax.tree.map(lambda start, end: (start - end) / inner, params, ends)
            way = jax.lax.stop_gradient(way)
            return sum(jnp.vdot(a, b) for a, b in zip(*map(jax.tree.leaves, (params, way)), strict=True))

        def loss(params: Params, key: jax.Array) -> jax.Array:
            return jax.vmap(lambda support, query: one(params, support, query))(*tasks(key, batch)).mean()

        trained = variant not in ("nearby", "scratch")
        if trained:
            params = fit(loss, params, training, settings["steps"], rate)
        support, query = tasks(last, settings["judged"])
        found = jax.vmap(lambda points, x: answer(params, points, x))(support, query[0])
        off = jnp.mean((found - query[1]) ** 2) / jnp.mean(query[1] ** 2)
        return {"error": 100 * jnp.sqrt(off), "params": size(params) if variant != "nearby" else 0}

    return run


TRIAL = Trial(
    variants={
        "nearby": "a mean of the ten points, the nearer the heavier",
        "scratch": "a network trained on the ten points alone, a hundred steps",
        "together": "one trained on all sines, then five steps",
        "together-long": "the same, then a hundred steps",
        "maml": "a start learned for five steps",
        "reptile": "a start moved to where five steps lead",
        "written": "weights that another network writes, no steps",
    },
    figures=(less("error", "root mean square error, of the spread", "%"),),
    make=make,
    settings={"steps": 1500, "batch": 8, "inner_rate": 0.02, "moves": 5, "judged": 300},
    smoke={"steps": 3, "judged": 5},
)
