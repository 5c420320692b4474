"""Moving blobs in volumes: one convolution over time and space, beside branches of several reaches and hyperedges.

A clip has four axes, time and three of space. Its class is the direction and speed at which a blob moves, so that no
frame alone tells it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import product
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from train.trials.base import Metric, Run, Series, Trial, fit, percent, right, size, surprise

#: Directions along an axis of space, up and down, and voxels a frame.
DIRECTIONS, SPEEDS = 6, (1, 2)
CLASSES = DIRECTIONS * len(SPEEDS)
#: Width of a blob in voxels, and the deviation of the noise that networks are trained and judged in.
WIDTH, NOISE = 0.8, 0.2
#: What the curve is taken at.
NOISES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.6)
#: Gaps between taps of the branches.
DILATIONS = (1, 2, 3)


def clips(key: jax.Array, count: int, side: int, noise: jax.Array | float) -> tuple[jax.Array, jax.Array]:
    """``(count, side, side, side, side)``, time first, and classes; what leaves a volume comes in on the other side."""
    place, kind, grain = jax.random.split(key, 3)
    labels = jax.random.randint(kind, (count,), 0, CLASSES)
    start = jax.random.uniform(place, (count, 3), maxval=side)
    velocity = jnp.asarray([
        [(1 if way else -1) * speed * (axis == own) for own in range(3)]
        for speed in SPEEDS for axis in range(3) for way in (False, True)
    ], jnp.float32)[labels]  # fmt: skip
    middle = start[:, None] + velocity[:, None] * jnp.arange(side)[None, :, None]
    away = (jnp.arange(side) - middle[..., None] + side / 2) % side - side / 2  # (count, time, axis, place)
    bump = jnp.exp(-0.5 * (away / WIDTH) ** 2)
    x = jnp.einsum("nta,ntb,ntc->ntabc", bump[:, :, 0], bump[:, :, 1], bump[:, :, 2])
    return x + noise * jax.random.normal(grain, x.shape), labels


@cache
def taps(side: int, dilation: int, axes: tuple[int, ...] = (0, 1, 2, 3)) -> np.ndarray:
    """Which place each of three taps along ``axes`` of each place reads, ``(side⁴, 3 ** axes)``; ``side⁴`` is none."""
    places = np.stack(np.unravel_index(np.arange(side**4), (side,) * 4), axis=-1)
    steps = [(-dilation, 0, dilation) if axis in axes else (0,) for axis in range(4)]
    read = places[:, None] + np.asarray(list(product(*steps)))
    inside = ((read >= 0) & (read < side)).all(-1)
    return np.where(inside, np.ravel_multi_index(tuple(np.moveaxis(read % side, -1, 0)), (side,) * 4), side**4)


def convolved(x: jax.Array, kernel: jax.Array, read: np.ndarray) -> jax.Array:
    """``(count, side⁴, outputs)`` of one channel, ``kernel`` ``(taps, outputs)``, zeros beyond the edge."""
    flat = jnp.pad(x.reshape(len(x), -1), ((0, 0), (0, 1)))
    return jnp.einsum("npk,ko->npo", flat[:, read], kernel)


@cache
def groups(side: int) -> np.ndarray:
    """Hyperedges as an incidence matrix ``(edges, side⁴)``: each frame, and each column of time over 2³ voxels."""
    time, *space = np.unravel_index(np.arange(side**4), (side,) * 4)
    blocks = np.ravel_multi_index([one // 2 for one in space], (-(-side // 2),) * 3)
    return np.concatenate([np.eye(side)[time].T, np.eye(blocks.max() + 1)[blocks].T])


def exchanged(nodes: jax.Array, incidence: np.ndarray, rate: jax.Array) -> jax.Array:
    """``(count, places, channels)`` with ``rate`` times the mean over each hyperedge added to its members."""
    means = jnp.einsum("ep,npc->nec", incidence / incidence.sum(1, keepdims=True), nodes)
    return nodes + rate * jnp.einsum("ep,nec->npc", incidence, means)


def drawn(key: jax.Array, variant: str, channels: int, side: int) -> dict[str, Any]:
    """Initial weights: about as many for every variant, but for the 27 taps, which are a third."""
    first, second, third = jax.random.split(key, 3)

    def normal(key: jax.Array, *shape: int) -> jax.Array:
        return jax.random.normal(key, shape) * jnp.sqrt(2 / shape[-2])

    if variant == "attention":
        width, patch = 20, 16
        table = 0.02 * jax.random.normal(third, ((-(-side // 2)) ** 4, width))
        kernels = {"read": normal(first, patch, width), "mix": normal(second, 4, width, width), "places": table}
        last = width
    elif variant in ("plain", "three-axes"):
        number = 81 if variant == "plain" else 27
        last = len(DILATIONS) * channels
        kernels = {"kernel": normal(first, number, last)}
    else:
        last = channels
        kernels = {"kernel": normal(first, len(DILATIONS), 81, channels), "weight": jnp.ones(len(DILATIONS))}
        if variant == "hyperedges":
            kernels["rate"] = jnp.full((), 0.1)
    head = {"kernel": normal(second, last, CLASSES), "bias": jnp.zeros(CLASSES)}
    return {**kernels, "bias": jnp.zeros(last), "head": head}


def scores(params: Mapping[str, Any], variant: str, x: jax.Array) -> jax.Array:
    """``(count, classes)``: features of every place, the largest of each anywhere, and a dense layer."""
    side = x.shape[1]
    if variant == "attention":
        features = _attended(params, x)
    elif variant in ("plain", "three-axes"):
        read = taps(side, 1) if variant == "plain" else taps(side, 1, (0, 2, 3))
        features = convolved(x, params["kernel"], read)
    else:
        branches = [convolved(x, k, taps(side, d)) for k, d in zip(params["kernel"], DILATIONS, strict=True)]
        if variant != "linear":
            branches = [jax.nn.relu(one) for one in branches]
        features = sum(w * one for w, one in zip(params["weight"], branches, strict=True))
        if variant == "hyperedges":
            features = exchanged(features, groups(side), params["rate"])
    pooled = jax.nn.relu(features + params["bias"]).max(1)
    return pooled @ params["head"]["kernel"] + params["head"]["bias"]


def _attended(params: Mapping[str, Any], x: jax.Array) -> jax.Array:
    """Blocks of 2⁴ voxels as tokens with places, which look at each other once."""
    half = -(-x.shape[1] // 2)
    tokens = x.reshape(len(x), half, 2, half, 2, half, 2, half, 2).transpose(0, 1, 3, 5, 7, 2, 4, 6, 8)
    read = tokens.reshape(len(x), half**4, 16) @ params["read"] + params["places"]
    query, key, value, out = params["mix"]
    looks = jax.nn.softmax((read @ query) @ (read @ key).swapaxes(1, 2) / jnp.sqrt(read.shape[-1]))
    return read + jax.nn.relu(looks @ (read @ value)) @ out


def multiply_adds(variant: str, channels: int, side: int) -> float:
    """Of one clip, without the head."""
    places = side**4
    if variant == "attention":
        tokens, width = (-(-side // 2)) ** 4, 20
        return tokens * width * 16 + 4 * tokens * width**2 + 2 * tokens**2 * width
    if variant == "three-axes":
        return places * 27 * len(DILATIONS) * channels
    more = 2 * places * 2 * channels if variant == "hyperedges" else 0  # every place is in two sets
    return places * 81 * len(DILATIONS) * channels + more


def make(variant: str, settings: Mapping[str, Any]) -> Run:
    """Every variant sees clips of its own at every step."""
    side, channels, steps = settings["side"], settings["channels"], settings["steps"]

    def run(key: jax.Array, rate: jax.Array) -> dict[str, Any]:
        start, training, judging = jax.random.split(key, 3)

        def loss(params: Any, key: jax.Array) -> jax.Array:
            x, labels = clips(key, settings["batch"], side, NOISE)
            return surprise(scores(params, variant, x), labels)

        params = fit(loss, drawn(start, variant, channels, side), training, steps, rate)

        def accuracy(noise: jax.Array) -> jax.Array:
            def some(key: jax.Array) -> jax.Array:
                x, labels = clips(key, settings["batch"], side, noise)
                return right(scores(params, variant, x), labels)

            return jax.lax.map(some, jax.random.split(judging, settings["judged"])).mean()

        curve = jax.lax.map(accuracy, jnp.asarray(NOISES))
        return {
            "accuracy": curve[NOISES.index(NOISE)],
            "noisy": curve[NOISES.index(2 * NOISE)],
            "multiply_adds": multiply_adds(variant, channels, side) / 1e6,
            "params": size(params),
            "by_noise": curve,
        }

    return run


TRIAL = Trial(
    variants={
        "plain": "one kernel of 3⁴ = 81 taps",
        "three-axes": "the listing’s 3³ = 27 taps over time, height and width",
        "linear": "three branches with gaps of 1, 2 and 3, their weighted sum",
        "dendritic": "the same with a ReLU in each branch",
        "hyperedges": "the same, and frames and columns of time exchange their means",
        "attention": "blocks of 2⁴ voxels that look at each other",
    },
    figures=(
        percent("accuracy", "movements told right"),
        percent("noisy", "in twice the noise"),
        Metric("multiply_adds", "multiply-adds of a clip", "M", "down"),
    ),
    make=make,
    settings={"side": 6, "channels": 8, "batch": 12, "steps": 300, "judged": 40},
    smoke={"side": 4, "channels": 2, "batch": 4, "steps": 3, "judged": 2},
    series=(Series("by_noise", "movements told right (%)", "deviation of the noise", lambda settings: NOISES),),
)
