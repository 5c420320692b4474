"""Toy worlds with somebody else in them: where they will look, what they are after, what they know, how they act.

Nothing here is a claim about minds. Each question has an answer that the world decides, and networks with an explicit
state of another are held against networks without one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from netspec.vocabulary.minds import believed_place, cloning_loss, explain, intent_logits, mental_state, perspective
from train.trials.base import Params, Run, Trial, dense, fit, percent, right, size, some, surprise, through
from train.trials.worlds import CONCEPTS, GOALS, PLACES, corners, talks, teacher, walked, walks, worlds

WIDTH = 24
#: How far a step on the circle is pushed off, and how far off it is lost.
PUSHED, LOST = 0.05, 0.3


def gated(params: Params, state: jax.Array, x: jax.Array) -> jax.Array:
    """One step of a gated recurrent unit (Cho et al. 2014)."""
    both = jnp.concatenate([x, state], -1)
    reset, update = jnp.split(jax.nn.sigmoid(through(params["gates"], both)), 2, -1)
    new = jnp.tanh(through(params["new"], jnp.concatenate([x, reset * state], -1)))
    return update * state + (1 - update) * new


def unit(key: jax.Array, inputs: int, answers: int) -> Params:
    """Weights of a recurrent unit and of what reads it."""
    gates, new, reads = jax.random.split(key, 3)
    total = inputs + WIDTH
    return {"gates": dense(gates, total, 2 * WIDTH), "new": dense(new, total, WIDTH),
            "reads": dense(reads, WIDTH, answers)}  # fmt: skip


def recurrent(params: Params, x: jax.Array) -> jax.Array:
    """Answers ``(count, answers)`` of a unit that has read ``x``, ``(count, times, inputs)``."""
    start = jnp.zeros((len(x), WIDTH))
    state, _ = jax.lax.scan(lambda h, at: (gated(params, h, at), None), start, jnp.swapaxes(x, 0, 1))
    return through(params["reads"], state)


def _looks(variant: str, params: Params, places: jax.Array, seen: jax.Array) -> jax.Array:
    """Scores ``(count, PLACES)`` of where the other will look."""
    told = jax.nn.one_hot(places, PLACES)
    match variant:
        case "world":
            return told[:, -1]
        case "rule":
            return jax.nn.one_hot(believed_place(places, seen), PLACES)
        case "one-mind":
            return recurrent(params, told)
        case "flag":
            return recurrent(params, jnp.concatenate([told, seen[..., None]], -1))
        case "belief":
            start = jnp.zeros(WIDTH)
            follow = jax.vmap(lambda x, saw: mental_state(lambda h, at: gated(params, h, at), start, x, saw))
            return through(params["reads"], follow(told, seen))
    age = jnp.arange(places.shape[1])[::-1] / 10
    tokens = told @ params["places"] + age[:, None] * params["age"]
    asks = jnp.broadcast_to(params["asks"], (len(places), 1, WIDTH))
    return through(params["reads"], perspective(asks, tokens, seen)[:, 0])


def _start(variant: str, key: jax.Array) -> Params:
    if variant != "view":
        return unit(key, PLACES + (variant == "flag"), PLACES)
    places, age, asks, reads = jax.random.split(key, 4)
    return {"places": jax.random.normal(places, (PLACES, WIDTH)), "age": jax.random.normal(age, (WIDTH,)),
            "asks": jax.random.normal(asks, (WIDTH,)), "reads": dense(reads, WIDTH, WIDTH, PLACES)}  # fmt: skip


def looking(variant: str, settings: Mapping[str, Any]) -> Run:
    """Where will they look? Trained on many worlds or on few, judged on others as long and three times as long."""
    count = settings["few" if variant.endswith("-few") else "worlds"]
    variant = variant.removesuffix("-few")

    def run(key: jax.Array, rate: jax.Array) -> dict[str, Any]:
        data, start, training, near, far = jax.random.split(key, 5)
        places, seen = worlds(data, count, settings["times"])
        params = _start(variant, start)

        def loss(params: Params, key: jax.Array) -> jax.Array:
            places_, seen_ = some(key, 64, places, seen)
            return surprise(_looks(variant, params, places_, seen_), believed_place(places_, seen_))

        trained = variant not in ("world", "rule")
        if trained:
            params = fit(loss, params, training, settings["steps"], rate)

        def judged(key: jax.Array, times: int) -> jax.Array:
            made = worlds(key, settings["judged"], times)
            return right(_looks(variant, params, *made), believed_place(*made))

        return _found(judged, near, far, settings["times"], size(params) if trained else 0)

    return run


def going(variant: str, settings: Mapping[str, Any]) -> Run:
    """What are they after? Trained on beginnings of walks, judged on whole ones and on some three times as long."""
    graph, shapes, rest = nnx.split(nnx.GRUCell(2, WIDTH, rngs=nnx.Rngs(0)), nnx.Param, ...)
    leaves, tree = jax.tree.flatten(shapes)

    def run(key: jax.Array, rate: jax.Array) -> dict[str, Any]:
        data, start, training, near, far = jax.random.split(key, 5)
        steps, goals = walks(data, settings["worlds"], settings["times"])
        keys = jax.random.split(start, len(leaves) + 1)
        drawn = [jax.random.normal(k, jnp.shape(x)) / jnp.sqrt(WIDTH) for k, x in zip(keys[1:], leaves, strict=True)]
        params = {"cell": drawn, "reads": jax.random.normal(keys[0], (WIDTH, GOALS)) / jnp.sqrt(WIDTH)}

        def scores(params: Params, steps: jax.Array, lengths: jax.Array) -> jax.Array:
            if variant == "last-step":
                return steps[:, -1] @ corners().T
            if variant == "whole-way":
                return steps.sum(1) @ corners().T
            cell = nnx.merge(graph, jax.tree.unflatten(tree, params["cell"]), rest)
            return intent_logits(steps, lengths, cell, params["reads"])

        def loss(params: Params, key: jax.Array) -> jax.Array:
            rows, cut = jax.random.split(key)
            begun, sought = some(rows, 64, steps, goals)
            return surprise(scores(params, begun, jax.random.randint(cut, (64,), 1, settings["times"] + 1)), sought)

        trained = variant == "intent"
        if trained:
            params = fit(loss, params, training, settings["steps"], rate)

        def judged(key: jax.Array, times: int) -> jax.Array:
            steps, goals = walks(key, settings["judged"], times)
            return right(scores(params, steps, jnp.full(len(steps), times)), goals)

        return _found(judged, near, far, settings["times"], size(params) if trained else 0)

    return run


def telling(variant: str, settings: Mapping[str, Any]) -> Run:
    """Is the last concept new to the hearer? By a set of what they heard, or by a network that is told of it."""

    def run(key: jax.Array, rate: jax.Array) -> dict[str, Any]:
        data, start, training, near, far = jax.random.split(key, 5)
        made = talks(data, settings["worlds"], settings["times"])
        params = unit(start, CONCEPTS + 1, 2)

        def scores(params: Params, concepts: jax.Array, heard: jax.Array) -> jax.Array:
            if variant == "repeats":  # explains whatever comes up
                return jnp.tile(jnp.array([0.0, 1.0]), (len(concepts), 1))
            if variant == "ground":  # what the hearer missed is no message to them: a concept beside the others
                number = jnp.where(heard, concepts, CONCEPTS)
                needed = jax.vmap(lambda one: explain(jnp.zeros(CONCEPTS + 1, bool), one)[0][-1])(number)
                return jax.nn.one_hot(needed.astype(int), 2)
            told = jnp.concatenate([jax.nn.one_hot(concepts, CONCEPTS), heard[..., None]], -1)
            return recurrent(params, told)

        def loss(params: Params, key: jax.Array) -> jax.Array:
            concepts, heard, new = some(key, 64, *made)
            return surprise(scores(params, concepts, heard), new.astype(int))

        trained = variant == "ground-flag"
        if trained:
            params = fit(loss, params, training, settings["steps"], rate)

        def judged(key: jax.Array, times: int) -> jax.Array:
            concepts, heard, new = talks(key, settings["judged"], times)
            return right(scores(params, concepts, heard), new)

        return _found(judged, near, far, settings["times"], size(params) if trained else 0)

    return run


def imitating(variant: str, settings: Mapping[str, Any]) -> Run:
    """Do they act as they were shown? Judged by walking: how many are never lost, on paths as long and longer."""

    def run(key: jax.Array, rate: jax.Array) -> dict[str, Any]:
        data, start, training, near, far = jax.random.split(key, 5)
        noise = PUSHED if variant == "clone-shaken" else 0.0
        seen, done = (x.reshape(-1, 2) for x in walked(teacher, data, 4, 4 * settings["times"], noise))
        params = dense(start, 2, WIDTH, WIDTH, 2)

        def loss(params: Params, key: jax.Array) -> jax.Array:
            at, move = some(key, 64, seen, done)
            return cloning_loss(through(params, at), move)

        trained = variant != "teacher"
        if trained:
            params = fit(loss, params, training, settings["steps"], rate)

        def judged(key: jax.Array, times: int) -> jax.Array:
            policy = (lambda at: through(params, at)) if trained else teacher
            at, _ = walked(policy, key, settings["judged"], 4 * times, PUSHED)
            return 100 * jnp.mean(jnp.all(jnp.abs(jnp.linalg.norm(at, axis=-1) - 1) < LOST, axis=0))

        return _found(judged, near, far, settings["times"], size(params) if trained else 0)

    return run


def _found(
    judged: Callable[[jax.Array, int], jax.Array], near: jax.Array, far: jax.Array, times: int, params: int
) -> dict[str, Any]:
    return {"right": judged(near, times), "longer": judged(far, 3 * times), "params": params}


QUESTIONS = {
    "world": looking, "rule": looking, "one-mind": looking, "flag": looking, "belief": looking, "view": looking,
    "flag-few": looking, "belief-few": looking, "view-few": looking,
    "last-step": going, "whole-way": going, "intent": going, "repeats": telling, "ground": telling,
    "ground-flag": telling, "teacher": imitating, "clone": imitating, "clone-shaken": imitating,
}  # fmt: skip


def make(variant: str, settings: Mapping[str, Any]) -> Run:
    """The run of the question that a variant answers."""
    return QUESTIONS[variant](variant, settings)


TRIAL = Trial(
    variants={
        "world": "they look where the thing is",
        "rule": "they look where they last saw it",
        "one-mind": "a recurrent network that has no part of who saw what, as listed",
        "flag": "a recurrent network that is told who is there",
        "belief": "the same network, moved only by what the other saw",
        "view": "attention to what the other saw",
        "flag-few": "told who is there, in few worlds",
        "belief-few": "moved only by what the other saw, in few worlds",
        "view-few": "attention to what the other saw, in few worlds",
        "last-step": "they go where their last step points",
        "whole-way": "they go where all their steps together point",
        "intent": "a recurrent network over their steps",
        "repeats": "explains whatever comes up",
        "ground": "explains what the hearer has not heard",
        "ground-flag": "a recurrent network that is told who is there",
        "teacher": "walks the circle",
        "clone": "does what it was shown",
        "clone-shaken": "does what it was shown by somebody who was pushed about",
    },
    figures=(percent("right", "answered or done right"), percent("longer", "in worlds three times as long")),
    make=make,
    settings={"worlds": 2000, "few": 100, "times": 10, "judged": 1000, "steps": 1000},
    smoke={"worlds": 20, "few": 20, "judged": 20, "steps": 3},
)
