"""Digits with few labels and a rule: what is known of a digit as a loss, beside labels alone and the network's own.

Even or odd is known of every digit, and the sum of any two that a step draws together, so that each digit is in many.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from netspec.vocabulary.space.logic import RealLogic
from train.trials.base import Run, Trial, dense, digits, fit, less, percent, right, size, some, surprise, through

HIDDEN, SUMS = 64, 19
#: Which digits are even, and which sum two digits have.
EVEN = jnp.arange(10) % 2 == 0
SUM_OF = jnp.arange(10)[:, None] + jnp.arange(10)
#: A network's own label counts from this probability on.
SURE = 0.95
#: The weight of what a network is taught by itself; of what is known it is 1.
OWN = 0.1
#: What is known of digits without a label, and where it has a part of the network for itself.
KNOWN = {"parity": "parity", "parity-head": "parity", "sums": "sums", "sums-head": "sums", "sums-alone": "sums"}
HEADS = {"parity-head": 1, "sums-head": SUMS}


def labelled(y: jax.Array, each: int) -> jax.Array:
    """Weights of ``y`` that are 1 for the first so many of each digit, and 0 elsewhere."""
    same = y[:, None] == jnp.arange(10)
    return jnp.sum(same & (jnp.cumsum(same, 0) <= each), 1).astype(jnp.float32)


def even(p: jax.Array, known: jax.Array, logic: RealLogic) -> jax.Array:
    """How true it is that all digits ``(n,)`` said to be even are, and that all others are not; ``p`` is (n, 10)."""
    said = jnp.sum(p * EVEN, -1)
    truth = jnp.asarray(known, p.dtype)
    return logic.forall(logic.both(logic.implies(truth, said), logic.implies(said, truth)))


def summed(p: jax.Array, q: jax.Array, total: jax.Array, logic: RealLogic) -> jax.Array:
    """How probable it is, ``(n,)``, that two digits have a sum: pairs exclude each other, so that they add up."""
    pairs = logic.both(p[:, :, None], q[:, None, :])
    return jnp.sum(pairs * (total[:, None, None] == SUM_OF), (1, 2))


def exactly_one(p: jax.Array) -> jax.Array:
    """How probable it is, ``(n,)``, that just one of ten statements is true, each by its probability, ``(n, 10)``."""
    return jnp.sum(p * jnp.prod(jnp.where(jnp.eye(10, dtype=bool), 1.0, 1 - p[:, None, :]), -1), -1)


def make(variant: str, settings: Mapping[str, Any]) -> Run:
    """Trained on the labels there are and what is known of the others; ``…-many`` has more labels, ``all`` all."""
    kind, many = variant.removesuffix("-many"), variant.endswith("-many")
    each = settings["many"] if many else settings["few"]
    logic = RealLogic(p=2.0)

    def run(key: jax.Array, rate: jax.Array) -> dict[str, Any]:
        data, start, more, training = jax.random.split(key, 4)
        (x, y), (held, truth) = digits(data)
        has = labelled(y, len(y) if kind == "all" else each)
        params: dict[str, Any] = {"body": dense(start, 64, HIDDEN, HIDDEN, 10)}
        if kind in HEADS:
            params["head"] = dense(more, HIDDEN * (2 if KNOWN[kind] == "sums" else 1), HEADS[kind])

        def probabilities(params: Any, x: jax.Array) -> jax.Array:
            # Kept off 0 and 1, where logarithms and roots have no slope.
            return 1e-4 + (1 - 1.1e-3) * jax.nn.softmax(through(params["body"], x))

        def states(params: Any, x: jax.Array) -> jax.Array:
            return jax.nn.relu(through(params["body"][:2], x))

        def beside(params: Any, x: jax.Array, y: jax.Array) -> jax.Array:
            """What the digits without a label add to the loss; of ``y`` no more is used than is known."""
            one, other = jnp.split(x, 2)
            first, second = jnp.split(y, 2)
            match kind:
                case "exactly-one":
                    return -OWN * jnp.mean(jnp.log(exactly_one(probabilities(params, x))))
                case "pseudo":
                    logits = through(params["body"], x)
                    own = jax.lax.stop_gradient(jax.nn.softmax(logits))
                    sure = own.max(-1) > SURE
                    losses = -jnp.take_along_axis(jax.nn.log_softmax(logits), own.argmax(-1)[:, None], 1)[:, 0]
                    return OWN * jnp.mean(jnp.where(sure, losses, 0.0))
                case "parity":
                    return 1 - even(probabilities(params, x), y % 2 == 0, logic)
                case "parity-head":
                    said = through(params["head"], states(params, x))[:, 0]
                    return jnp.mean(jax.nn.softplus(jnp.where(y % 2 == 0, -said, said)))
                case "sums" | "sums-alone":
                    true = summed(probabilities(params, one), probabilities(params, other), first + second, logic)
                    return -jnp.mean(jnp.log(true))
                case "sums-head":
                    both = jnp.concatenate([states(params, one), states(params, other)], -1)
                    return surprise(through(params["head"], both), first + second)
            return jnp.zeros(())

        def loss(params: Any, key: jax.Array) -> jax.Array:
            first, second = jax.random.split(key)
            rows = jax.random.choice(first, len(y), (32,), p=has / has.sum())
            found = surprise(through(params["body"], x[rows]), y[rows])
            if kind in ("few", "all"):
                return found
            extra = beside(params, *some(second, 64, x, y))
            return extra if kind == "sums-alone" else found + extra

        params = fit(loss, params, training, settings["steps"], rate)
        logits = through(params["body"], held)
        said = jnp.argmax(logits, -1)
        one, other = jnp.split(said, 2)
        first, second = jnp.split(truth, 2)
        return {
            "accuracy": right(logits, truth),
            "parity": 100 * jnp.mean(said % 2 == truth % 2),
            "sums": 100 * jnp.mean(one + other == first + second),
            "labels": has.sum() * (kind != "sums-alone"),
            "params": size(params),
        }

    return run


TRIAL = Trial(
    variants={
        "few": "few labels and nothing else",
        "exactly-one": "few labels, and that each picture is one digit",
        "pseudo": "few labels, and the network’s own where it is sure",
        "parity": "few labels, and even or odd of all as a rule",
        "parity-head": "few labels, and even or odd of all as a second task",
        "sums": "few labels, and sums of pairs as a rule",
        "sums-head": "few labels, and sums of pairs as a second task",
        "sums-alone": "no labels, and sums of pairs as a rule",
        "few-many": "more labels and nothing else",
        "parity-many": "more labels, and even or odd of all as a rule",
        "sums-many": "more labels, and sums of pairs as a rule",
        "all": "all labels",
    },
    figures=(
        percent("accuracy", "digits told right"),
        percent("parity", "told as even or odd as they are"),
        percent("sums", "pairs told with their sum"),
        less("labels", "labels that training has"),
    ),
    make=make,
    settings={"few": 2, "many": 30, "steps": 1000},
    smoke={"steps": 3},
)
