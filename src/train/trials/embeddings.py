"""Embeddings of digits judged on classes that training never saw: is the nearest one of the same class?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from netspec.vocabulary.losses.metric import arcface, contrastive_loss, cosface, nt_xent, triplet_loss
from train.trials.base import Run, Trial, dense, digits, fit, percent, size, surprise, through

WIDTH, HIDDEN, SEEN = 16, 64, 7
#: How much distances to the centre of a class count beside the cross-entropy (Wen et al. 2016 have 0.003 to 0.1).
CENTRED = 0.1


def unit(x: jax.Array) -> jax.Array:
    """``x`` at length 1."""
    return x / (jnp.linalg.norm(x, axis=-1, keepdims=True) + 1e-6)


def _pairs(key: jax.Array, labels: jax.Array, count: int) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Places of anchors, of others of their class, and of ones of another class."""
    one, two, three = jax.random.split(key, 3)
    anchors = jax.random.randint(one, (count,), 0, len(labels))
    alike = labels[anchors][:, None] == labels[None]
    logits = jnp.where(alike, 0.0, -1e9)
    return anchors, jax.random.categorical(two, logits), jax.random.categorical(three, -1e9 - logits)


def _moved(key: jax.Array, x: jax.Array) -> jax.Array:
    """Pictures shifted by a pixel at most, in noise: two views of one."""
    shift, noise = jax.random.split(key)
    picture = x.reshape(-1, 8, 8)
    by = jax.random.randint(shift, (len(x), 2), -1, 2)
    rolled = jax.vmap(lambda one, s: jnp.roll(one, s, (0, 1)))(picture, by)
    return (rolled + 0.1 * jax.random.normal(noise, rolled.shape)).reshape(x.shape)


def retrieved(places: jax.Array, labels: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Mean average precision of ``(count, width)`` by cosine, and how often the nearest is of the class, in percent."""
    alike = jnp.matmul(places, places.T) - 3 * jnp.eye(len(places))
    nearest = jnp.argsort(-alike, axis=1)[:, :-1]  # without itself, which is last
    same = labels[nearest] == labels[:, None]
    precision = jnp.cumsum(same, 1) / (1 + jnp.arange(len(places) - 1))
    mean = jnp.sum(precision * same, 1) / jnp.maximum(1, same.sum(1))
    return 100 * jnp.mean(mean), 100 * jnp.mean(labels[nearest[:, 0]] == labels)


def make(variant: str, settings: Mapping[str, Any]) -> Run:
    """An MLP to ``WIDTH`` numbers, by one loss; digits of the first ``SEEN`` classes train it."""

    def run(key: jax.Array, rate: jax.Array) -> dict[str, Any]:
        data, start, head, training = jax.random.split(key, 4)
        (x, y), (held, truth) = digits(data)
        everything, labels = jnp.concatenate([x, held]), jnp.concatenate([y, truth])
        known = labels < SEEN
        order = jnp.argsort(~known, stable=True)
        everything, labels = everything[order], labels[order]
        count = settings["seen"]
        x, y = everything[:count], labels[:count]
        held, truth = everything[-settings["held"] :], labels[-settings["held"] :]
        params = {"body": dense(start, 64, HIDDEN, WIDTH), "head": 0.1 * jax.random.normal(head, (SEEN, WIDTH))}
        if variant == "center":
            params["centers"] = jnp.zeros((SEEN, WIDTH))

        def embedded(params: dict, x: jax.Array) -> jax.Array:
            return through(params["body"], x)

        def loss(params: dict, key: jax.Array) -> jax.Array:
            pick, view, other = jax.random.split(key, 3)
            rows = jax.random.randint(pick, (64,), 0, count)
            match variant:
                case "triplet" | "contrastive":
                    a, p, n = (unit(embedded(params, x[at])) for at in _pairs(pick, y, 64))
                    if variant == "triplet":
                        return triplet_loss(a, p, n, margin=0.5).mean()
                    near = contrastive_loss(a, p, jnp.ones(64), margin=1.0)
                    return (near + contrastive_loss(a, n, jnp.zeros(64), margin=1.0)).mean()
                case "arcface" | "cosface":
                    scores = arcface if variant == "arcface" else cosface
                    return surprise(scores(embedded(params, x[rows]), params["head"], y[rows], 16.0, 0.2), y[rows])
                case "nt-xent" | "nt-xent-sharp":
                    views = jnp.concatenate([_moved(view, x[rows]), _moved(other, x[rows])])
                    temperature = 0.1 if variant == "nt-xent-sharp" else 0.5
                    return nt_xent(embedded(params, views), jnp.tile(jnp.arange(64), 2), temperature)
                case "info-nce":  # one other of its class, against one of each other anchor (van den Oord et al. 2018)
                    a, p, _ = (unit(embedded(params, x[at])) for at in _pairs(pick, y, 64))
                    return surprise(jnp.matmul(a, p.T) / 0.1, jnp.arange(64))
                case "center":
                    places = embedded(params, x[rows])
                    near = jnp.sum((places - params["centers"][y[rows]]) ** 2, -1).mean() / 2
                    return surprise(jnp.matmul(places, params["head"].T), y[rows]) + CENTRED * near
            return surprise(jnp.matmul(embedded(params, x[rows]), params["head"].T), y[rows])

        if variant != "pixels":
            params = fit(loss, params, training, settings["steps"], rate)
        places = unit(held if variant == "pixels" else embedded(params, held))
        precision, first = retrieved(places, truth)
        return {"precision": precision, "recall": first, "params": size(params)}

    return run


TRIAL = Trial(
    variants={
        "pixels": "the pixels themselves, not trained",
        "softmax": "cross-entropy with a linear head, which is dropped",
        "triplet": "triplets with a margin of 0.5 on the sphere",
        "contrastive": "pairs with a margin of 1 on the sphere",
        "arcface": "a margin of 0.2 on the angle, scale 16",
        "cosface": "a margin of 0.2 on the cosine, scale 16",
        "nt-xent": "two views of one picture against all others, without labels, temperature 0.5",
        "nt-xent-sharp": "the same at a temperature of 0.1",
        "info-nce": "two of a class against pairs of others, temperature 0.1",
        "center": "cross-entropy, and each near the centre of its class",
    },
    figures=(percent("precision", "mean average precision"), percent("recall", "nearest is of the class")),
    make=make,
    settings={"seen": 1250, "held": 500, "steps": 1000},
    smoke={"steps": 5},
)
