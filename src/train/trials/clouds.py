"""Surfaces told by points on them: sets of points against lists, and what happens when the cloud is turned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from netspec.vocabulary.space.points import pointnet
from train.trials.base import Metric, Run, Trial, dense, fit, percent, right, size, surprise, through

SURFACES = ("sphere", "cube", "cylinder", "cone", "torus", "saddle")
#: Features of a point, how far noise moves it, and the widths that give lists as many weights.
WIDTH, NOISE, LIST = 64, 0.08, 47
TURNED = ("pointnet-turned", "aligned-turned", "sorted-turned", "radii-turned")


def rotations(key: jax.Array, count: int) -> jax.Array:
    """``(count, 3, 3)`` rotations, all directions as probable: from unit quaternions."""
    q = jax.random.normal(key, (count, 4))
    w, x, y, z = (q / jnp.linalg.norm(q, axis=1, keepdims=True)).T
    rows = (
        (1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)),
        (2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)),
        (2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)),
    )
    return jnp.stack([jnp.stack(row, -1) for row in rows], 1)


def surfaces(u: jax.Array, v: jax.Array) -> jax.Array:
    """A point of each of :data:`SURFACES` for ``u`` and ``v`` from 0 to 1, ``(…, 6, 3)``; every surface fits in ±1."""
    turn = 2 * jnp.pi * u
    c, s, h = jnp.cos(turn), jnp.sin(turn), 2 * v - 1
    ring = jnp.sqrt(jnp.maximum(1 - h**2, 0))
    # Six faces by u, of which the rest of u, spread over the face, is one coordinate.
    face = jnp.minimum(jnp.floor(6 * u), 5)
    along, side = 2 * (6 * u - face) - 1, jnp.where(face < 3, 1.0, -1.0)
    cube = jnp.stack([side, along, h], -1)
    axis = (face % 3).astype(int)
    cube = jnp.take_along_axis(cube, (jnp.arange(3) - axis[..., None]) % 3, -1)
    out = jnp.sqrt(v)  # from the tip of a cone, points are as dense everywhere
    tube = 2 * jnp.pi * v
    wide = 0.7 + 0.3 * jnp.cos(tube)
    return jnp.stack(
        [
            jnp.stack([ring * c, ring * s, h], -1),
            cube * 0.8,
            jnp.stack([0.8 * c, 0.8 * s, 0.8 * h], -1),
            jnp.stack([out * c, out * s, 1 - 2 * out], -1),
            jnp.stack([wide * c, wide * s, 0.3 * jnp.sin(tube)], -1),
            jnp.stack([2 * u - 1, h, (2 * u - 1) ** 2 - h**2], -1),
        ],
        -2,
    )


def drawn(key: jax.Array, count: int, points: int, *, turned: bool = False) -> tuple[jax.Array, jax.Array]:
    """Clouds ``(count, points, 3)`` in no order, with noise, around their mean at a size of one, and their surfaces.

    Each axis is stretched by 0.7 to 1.3 before it is turned, where it is.
    """
    first, noise, turn = jax.random.split(key, 3)
    numbers = jax.random.uniform(first, (count, 2 * points + 4))
    labels = jnp.floor(numbers[:, 0] * len(SURFACES)).astype(int)
    stretch = 0.7 + 0.6 * numbers[:, None, 1:4]
    u, v = jnp.split(numbers[:, 4:], 2, 1)
    found = jnp.take_along_axis(surfaces(u, v), labels[:, None, None, None], 2)[:, :, 0]
    found = found * stretch + NOISE * jax.random.normal(noise, found.shape)
    if turned:
        found = found @ rotations(turn, count)
    found = found - found.mean(1, keepdims=True)
    return found / jnp.sqrt(jnp.mean(jnp.sum(found**2, -1), 1))[:, None, None], labels


def _described(params: Any, points: jax.Array, aggregate: str, alignment: jax.Array | None = None) -> jax.Array:
    """PointNet of two layers at each point: ours, and that of the vocabulary, which is the last and the head."""
    if alignment is not None:
        points = points @ alignment
    states = jax.nn.relu(through(params["each"][:1], points))
    last, head = params["each"][1], params["head"]
    if aggregate == "max":
        return pointnet(states, last["kernel"], last["bias"], head["kernel"], head["bias"])
    return through([head], jax.nn.relu(through([last], states)).mean(1))


def answers(variant: str, params: Any, points: jax.Array) -> jax.Array:
    """Logits of the surfaces."""
    kind, _, _ = variant.partition("-")
    match kind:
        case "pointnet":
            return _described(params, points, "max")
        case "mean":
            return _described(params, points, "mean")
        case "aligned":
            proposed = _described(params["aligns"], points, "max").reshape(-1, 3, 3)
            return _described(params, points, "max", jnp.eye(3) + proposed)
        case "radii":
            return through(params["list"], jnp.sort(jnp.linalg.norm(points, axis=-1), 1))
    if kind == "sorted":
        points = jnp.take_along_axis(points, jnp.argsort(points[..., 2:], 1), 1)
    return through(params["list"], points.reshape(len(points), -1))


def weights(variant: str, key: jax.Array, points: int) -> dict[str, Any]:
    """Weights; of lists as many as of sets."""
    one, two, three, four = jax.random.split(key, 4)
    kind, _, _ = variant.partition("-")
    if kind in ("flat", "sorted"):
        width = LIST * 32 // points
        return {"list": dense(one, 3 * points, width, len(SURFACES))}
    if kind == "radii":
        return {"list": dense(one, points, 52, 52, len(SURFACES))}
    params: dict[str, Any] = {"each": dense(one, 3, WIDTH, WIDTH), "head": dense(two, WIDTH, len(SURFACES))[0]}
    if kind == "aligned":
        head = jax.tree.map(lambda leaf: 0.1 * leaf, dense(four, WIDTH // 4, 9)[0])
        params["aligns"] = {"each": dense(three, 3, WIDTH // 4, WIDTH // 4), "head": head}
    return params


def make(variant: str, settings: Mapping[str, Any]) -> Run:
    """Trained on clouds drawn anew in each step, upright or turned, and judged on others; in other orders, too."""
    count, turns = settings["points"], variant in TURNED
    kind, _, _ = variant.partition("-")

    def run(key: jax.Array, rate: jax.Array) -> dict[str, Any]:
        start, training, judging, order, more = jax.random.split(key, 5)

        def loss(params: Any, key: jax.Array) -> jax.Array:
            points, labels = drawn(key, 32, count, turned=turns)
            found = surprise(answers(variant, params, points), labels)
            if kind != "aligned":
                return found
            a = jnp.eye(3) + _described(params["aligns"], points, "max").reshape(-1, 3, 3)
            return found + 0.01 * jnp.mean(jnp.sum((a @ a.swapaxes(1, 2) - jnp.eye(3)) ** 2, (1, 2)))

        params = fit(loss, weights(variant, start, count), training, settings["steps"], rate)
        held = settings["held"]
        points, labels = drawn(judging, held, count, turned=turns)
        # The same clouds in another order, and turned: what is told of each is asked at once.
        shuffled = jax.random.permutation(order, points, axis=1)
        turned = points @ rotations(more, held)
        found = answers(variant, params, jnp.concatenate([points, shuffled, turned]))
        told, again, at_all = jnp.split(jnp.argmax(found, -1), 3)
        figures = {
            "accuracy": right(found[:held], labels),
            "turned": 100 * jnp.mean(at_all == labels),
            "same": 100 * jnp.mean(told == again),
            "params": size(params),
        }
        if kind in ("pointnet", "mean", "aligned"):  # a list has as many points as it was trained with
            figures["half"] = right(answers(variant, params, points[:, : count // 2]), labels)
        return figures

    return run


TRIAL = Trial(
    variants={
        "radii": "distances from the middle, sorted",
        "flat": "a list of points as they come",
        "sorted": "a list of points from the lowest up",
        "mean": "the mean over points of learned features",
        "pointnet": "the largest over points of learned features",
        "radii-turned": "distances from the middle, clouds turned in training",
        "sorted-turned": "a list from the lowest up, clouds turned in training",
        "pointnet-turned": "the largest over points, clouds turned in training",
        "aligned-turned": "the same behind a matrix that a small network proposes",
    },
    figures=(
        percent("accuracy", "new clouds told right"),
        percent("turned", "told right when turned at random"),
        percent("half", "told right from half of the points"),
        Metric("same", "told the same in another order", "%", "up"),
    ),
    make=make,
    settings={"points": 32, "held": 1000, "steps": 1000},
    smoke={"held": 16, "steps": 3},
)
