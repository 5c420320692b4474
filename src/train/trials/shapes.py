"""Networks of digits that change their own shape: they grow, move their connections, choose weights, stop early.

Each beside the network that does not, of the same size or the same cost.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from netspec.vocabulary.meta import early_exit, mixed_operation
from netspec.vocabulary.speculation import dynamic_dense, regrow, widen
from train.trials.base import (
    Params,
    Run,
    Trial,
    dense,
    digits,
    fit,
    less,
    percent,
    right,
    size,
    some,
    surprise,
    through,
)

SMALL, WIDE, SPARSE, EXPERTS, DEEP = 8, 16, 96, 4, 3
#: The share of connections that a sparse layer has, and of those, that which is moved at a time.
KEPT, MOVED = 0.03, 0.3
#: Classes.
TEN = 10
#: How sure a head has to be.
SURE = 0.9
#: What a search may choose from, for what stands between two layers.
OPERATIONS = (jax.nn.relu, jnp.tanh, lambda x: x, jnp.square, jnp.abs)

Data = tuple[jax.Array, jax.Array]


def make(variant: str, settings: Mapping[str, Any]) -> Run:
    """Trained on few digits, judged on all others that are held out."""

    def run(key: jax.Array, rate: jax.Array) -> dict[str, Any]:
        data, start, training = jax.random.split(key, 3)
        (x, y), held = digits(data)
        some_digits = x[: settings["examples"]], y[: settings["examples"]]
        return KINDS[variant](variant, settings, some_digits, held, start, training, rate)

    return run


def _loss(scores: Any, data: Data) -> Any:
    """The cross-entropy of 64 digits."""

    def loss(params: Params, key: jax.Array) -> jax.Array:
        inputs, labels = some(key, 64, *data)
        return surprise(scores(params, inputs), labels)

    return loss


def growing(
    variant: str, settings: Mapping[str, Any], data: Data, held: Data, start: jax.Array, training: jax.Array,
    rate: jax.Array,
) -> dict[str, Any]:  # fmt: skip
    """One hidden layer, trained twice for half of the steps; in between it may get more units."""
    first, second, copied, noise = jax.random.split(training, 4)
    params = dense(start, 64, WIDE if variant == "wide" else SMALL, TEN)
    params = fit(_loss(through, data), params, first, settings["steps"] // 2, rate)
    if variant == "grown":
        copies = jax.random.randint(copied, (WIDE - SMALL,), 0, SMALL)
        inner, bias, outer = widen(params[0]["kernel"], params[0]["bias"], params[1]["kernel"], copies)
        inner = inner * (1 + 0.1 * jax.random.normal(noise, inner.shape))  # or a unit and its copy stay alike for ever
        params = [{"kernel": inner, "bias": bias}, {"kernel": outer, "bias": params[1]["bias"]}]
    params = fit(_loss(through, data), params, second, settings["steps"] // 2, rate)
    return _found(through(params, held[0]), held, params, size([layer["kernel"] for layer in params]))


def connecting(
    variant: str, settings: Mapping[str, Any], data: Data, held: Data, start: jax.Array, training: jax.Array,
    rate: jax.Array,
) -> dict[str, Any]:  # fmt: skip
    """A hidden layer with few connections, trained in rounds; in between the weakest may be moved."""
    layers, where = jax.random.split(start)
    params = dense(layers, 64, SPARSE, TEN)
    places = 64 * SPARSE
    count = places if variant == "full" else int(KEPT * places)
    mask = (jax.random.permutation(where, places) < count).reshape(64, SPARSE)
    params[0]["kernel"] = params[0]["kernel"] * mask * jnp.sqrt(places / count)

    def masked(params: Params, mask: jax.Array) -> Params:
        return [params[0] | {"kernel": params[0]["kernel"] * mask}, params[1]]

    def round_(carry: tuple, key: jax.Array) -> tuple:
        params, mask = carry
        learn, move = jax.random.split(key)
        loss = _loss(lambda params, x: through(masked(params, mask), x), data)
        params = masked(fit(loss, params, learn, settings["steps"] // settings["rounds"], rate), mask)
        if variant == "regrown":
            kernel, mask = regrow(move, params[0]["kernel"], mask, count=int(MOVED * count))
            params = [params[0] | {"kernel": kernel}, params[1]]
        return (params, mask), None

    keys = jax.random.split(training, settings["rounds"] + 1)
    (params, mask), _ = jax.lax.scan(round_, (params, mask), keys[1:])
    loss = _loss(lambda params, x: through(masked(params, mask), x), data)
    params = masked(fit(loss, params, keys[0], settings["steps"] // settings["rounds"], rate), mask)
    found = _found(through(params, held[0]), held, params, count + SPARSE * TEN)
    return found | {"params": count + SPARSE + SPARSE * TEN + TEN}


def choosing(
    variant: str, settings: Mapping[str, Any], data: Data, held: Data, start: jax.Array, training: jax.Array,
    rate: jax.Array,
) -> dict[str, Any]:  # fmt: skip
    """A hidden layer whose weights each input mixes, beside one that is as wide and one with as many weights."""
    base, experts, gate, reads = jax.random.split(start, 4)
    width = SMALL if variant == "mixed" else SMALL * (1 + EXPERTS)
    if variant == "mixed":
        params: Params = {
            "base": dense(base, 64, width)[0],
            "experts": jax.random.normal(experts, (EXPERTS, 64, width)) * jnp.sqrt(2 / 64),
            "gate": 0.01 * jax.random.normal(gate, (64, EXPERTS)),
            "reads": dense(reads, width, TEN),
        }
    else:
        params = {"base": dense(base, 64, width)[0], "reads": dense(reads, width, TEN)}

    def scores(params: Params, x: jax.Array) -> jax.Array:
        kernel, bias = params["base"]["kernel"], params["base"]["bias"]
        plain = variant != "mixed"
        hidden = x @ kernel if plain else dynamic_dense(x, kernel, params["experts"], params["gate"])
        return through(params["reads"], jax.nn.relu(hidden + bias))

    params = fit(_loss(scores, data), params, training, settings["steps"], rate)
    cost = 64 * width * (1 if variant != "mixed" else 1 + EXPERTS) + width * TEN
    return _found(scores(params, held[0]), held, params, cost + (64 * EXPERTS if variant == "mixed" else 0))


def leaving(
    variant: str, settings: Mapping[str, Any], data: Data, held: Data, start: jax.Array, training: jax.Array,
    rate: jax.Array,
) -> dict[str, Any]:  # fmt: skip
    """Three blocks, each with a head where an example may leave; the other has the last head alone."""
    blocks, heads = jax.random.split(start)
    params = {
        "blocks": dense(blocks, 64, *[WIDE] * DEEP),
        "heads": [dense(k, WIDE, TEN) for k in jax.random.split(heads, DEEP)],
    }

    def all_heads(params: Params, x: jax.Array) -> list[jax.Array]:
        made = []
        for block, head in zip(params["blocks"], params["heads"], strict=True):
            x = jax.nn.relu(through([block], x))
            made.append(through(head, x))
        return made

    def loss(params: Params, key: jax.Array) -> jax.Array:
        inputs, labels = some(key, 64, *data)
        losses = [surprise(one, labels) for one in all_heads(params, inputs)]
        return losses[-1] if variant == "stays" else jnp.stack(losses).mean()

    params = fit(loss, params, training, settings["steps"], rate)
    block, head = jnp.array([64 * WIDE, *[WIDE**2] * (DEEP - 1)]), WIDE * TEN
    if variant == "stays":
        return _found(all_heads(params, held[0])[-1], held, params["blocks"], block.sum() + head) | {
            "params": size(params["blocks"]) + size(params["heads"][-1])
        }
    through_block = [lambda h, layer=layer: jax.nn.relu(through([layer], h)) for layer in params["blocks"]]
    through_head = [lambda h, layers=layers: through(layers, h) for layers in params["heads"]]
    told, depth = early_exit(held[0], through_block, through_head, SURE)
    cost = (jnp.cumsum(block)[depth - 1] + depth * head).mean()
    return _found(told, held, params, cost)


def searching(
    variant: str, settings: Mapping[str, Any], data: Data, held: Data, start: jax.Array, training: jax.Array,
    rate: jax.Array,
) -> dict[str, Any]:  # fmt: skip
    """What stands between two layers is searched for by slopes, drawn, or a rectifier; then trained from the start."""
    layers, drawn = jax.random.split(start)
    looks, again = jax.random.split(training)
    params, half = dense(layers, 64, WIDE, TEN), len(data[0]) // 2

    def scores(params: Params, logits: jax.Array, x: jax.Array) -> jax.Array:
        return through(params[1:], mixed_operation(through(params[:1], x), logits, OPERATIONS))

    def both(params: Params, key: jax.Array) -> jax.Array:
        """The loss whose slope moves weights by one half of the digits and logits by the other."""
        one, other = jax.random.split(key)
        (inputs, labels), (inputs_, labels_) = (
            some(one, 64, data[0][:half], data[1][:half]), some(other, 64, data[0][half:], data[1][half:]),
        )  # fmt: skip
        still = jax.lax.stop_gradient
        learned = surprise(scores(params["weights"], still(params["logits"]), inputs), labels)
        return learned + surprise(scores(still(params["weights"]), params["logits"], inputs_), labels_)

    if variant == "searched":
        start_ = {"weights": params, "logits": jnp.zeros(len(OPERATIONS))}
        choice = fit(both, start_, looks, settings["steps"], rate)["logits"].argmax()
    else:
        choice = jax.random.randint(drawn, (), 0, len(OPERATIONS)) if variant == "drawn" else jnp.zeros((), int)
    alone = 100 * jax.nn.one_hot(choice, len(OPERATIONS))
    params = fit(_loss(lambda p, x: scores(p, alone, x), data), params, again, settings["steps"], rate)
    return _found(scores(params, alone, held[0]), held, params, size([layer["kernel"] for layer in params]))


def _found(scores: jax.Array, held: Data, params: Params, cost: jax.Array | int) -> dict[str, Any]:
    return {"accuracy": right(scores, held[1]), "cost": jnp.asarray(cost) / 1000, "params": size(params)}


KINDS = {
    "small": growing, "wide": growing, "grown": growing, "full": connecting, "sparse": connecting,
    "regrown": connecting, "mixed": choosing, "equal": choosing, "stays": leaving, "leaves": leaving,
    "rectifier": searching, "drawn": searching, "searched": searching,
}  # fmt: skip

TRIAL = Trial(
    variants={
        "small": f"{SMALL} hidden units all the way",
        "wide": f"{WIDE} hidden units all the way",
        "grown": f"{SMALL} hidden units, from half way on {WIDE}",
        "full": f"all connections to {SPARSE} hidden units",
        "sparse": f"{KEPT:.0%} of them, drawn once",
        "regrown": f"{KEPT:.0%} of them, the weakest moved between rounds",
        "mixed": f"{SMALL} hidden units whose weights each input mixes from {EXPERTS + 1}",
        "equal": f"{SMALL * (EXPERTS + 1)} hidden units with as many weights",
        "stays": f"{DEEP} blocks for every digit",
        "leaves": f"{DEEP} blocks, and out at the first head that is sure",
        "rectifier": f"{WIDE} hidden units behind a rectifier",
        "drawn": "behind one of five functions, drawn",
        "searched": "behind that of the five which a search by slopes finds",
    },
    figures=(percent("accuracy", "digits told right"), less("cost", "multiply-adds a digit", "k")),
    make=make,
    settings={"examples": 300, "steps": 600, "rounds": 10},
    smoke={"examples": 64, "steps": 4, "rounds": 2},
)
