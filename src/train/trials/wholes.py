"""Digits learned in their place and asked for moved: capsules beside layers of as many weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
from jax.scipy.ndimage import map_coordinates

from netspec.vocabulary.layers.capsules import capsule_routing, squash
from train.trials.base import (
    Metric,
    Run,
    Trial,
    dense,
    digits,
    fit,
    percent,
    right,
    size,
    some,
    surprise,
    through,
    windows,
)  # fmt: skip

#: The side of a picture with its margin, how far a digit is shifted in pixels, and turned in degrees.
SIDE, SHIFT, TURN = 12, 1.5, 30.0
#: Channels of the convolutions, numbers of a part and of a whole, and places of parts on a side.
CHANNELS, PART, WHOLE, PLACES = 16, 4, 8, 3
KINDS = 4
PARTS = KINDS * PLACES**2
#: Widths that give the other networks about as many weights.
HIDDEN, DENSE = 75, 72
BATCH = 32


def moved(x: jax.Array, shifts: jax.Array, angles: jax.Array) -> jax.Array:
    """Digits ``(n, 64)`` in pictures ``(n, SIDE, SIDE)``, turned to the left by degrees, then shifted.

    ``shifts`` are ``(n, 2)`` pixels down and to the right; between pixels the picture is linear, and zero outside.
    """
    middle = (SIDE - 1) / 2
    margin = (SIDE - 8) // 2
    pictures = jnp.pad(x.reshape(-1, 8, 8), ((0, 0), (margin, margin), (margin, margin)))
    places = jnp.stack(jnp.meshgrid(jnp.arange(SIDE), jnp.arange(SIDE), indexing="ij"), -1) - middle

    def one(picture: jax.Array, shift: jax.Array, angle: jax.Array) -> jax.Array:
        c, s = jnp.cos(jnp.deg2rad(angle)), jnp.sin(jnp.deg2rad(angle))
        # Where each pixel comes from: shifted back, and turned back.
        found = (places - shift) @ jnp.stack([jnp.stack([c, s]), jnp.stack([-s, c])]).T + middle
        return map_coordinates(picture, [found[..., 0], found[..., 1]], order=1)

    return jax.vmap(one)(pictures, shifts, angles)


def convolved(x: jax.Array, layer: dict[str, jax.Array], stride: int = 1) -> jax.Array:
    """A convolution without margin of ``x`` (n, side, side, channels) by a kernel (window · window · channels, out)."""
    window = round((layer["kernel"].shape[0] / x.shape[-1]) ** 0.5)
    return jnp.matmul(windows(x, window, stride), layer["kernel"]) + layer["bias"]


def weights(variant: str, key: jax.Array) -> dict[str, Any]:
    """Two convolutions and what stands behind them, or dense layers."""
    one, two, three = jax.random.split(key, 3)
    if variant == "dense":
        return {"dense": dense(three, SIDE**2, DENSE, DENSE, 10)}
    params: dict[str, Any] = {
        "first": dense(one, 4 * 4, CHANNELS)[0],
        "second": dense(two, 4 * 4 * CHANNELS, KINDS * PART)[0],
    }
    if variant.startswith("capsules"):
        params["votes"] = jax.random.normal(three, (PARTS, 10, PART, WHOLE)) * 0.1
    else:
        params["dense"] = dense(three, PARTS * PART, HIDDEN, 10)
    return params


def told(variant: str, params: Any, pictures: jax.Array) -> tuple[jax.Array, jax.Array]:
    """What speaks for each class, ``(n, 10)``, and what is known behind it, of 80 numbers or about as many.

    Of capsules those are the lengths of ten vectors, and the vectors.
    """
    if variant == "dense":
        states = jax.nn.relu(through(params["dense"][:-1], pictures.reshape(-1, SIDE**2)))
        return through(params["dense"][-1:], states), states
    h = jax.nn.relu(convolved(pictures[..., None], params["first"]))
    h = convolved(h, params["second"], 2)
    if not variant.startswith("capsules"):
        states = jax.nn.relu(through(params["dense"][:1], jax.nn.relu(h).reshape(len(h), -1)))
        logits = through(params["dense"][1:], states)
        return (jax.nn.sigmoid(logits) if variant == "conv-margin" else logits), states
    parts = squash(h.reshape(len(h), PARTS, PART))
    votes = jnp.einsum("npi,pwio->npwo", parts, params["votes"])
    wholes = capsule_routing(votes, 1 if variant == "capsules-once" else 3)
    length = jnp.sqrt(jnp.sum(wholes**2, -1) + 1e-9)
    return length, wholes.reshape(len(h), -1)


def margin(lengths: jax.Array, labels: jax.Array) -> jax.Array:
    """The loss of Sabour et al. 2017, eq. 4: the right whole above 0.9, others below 0.1, at half the weight."""
    wanted = jax.nn.one_hot(labels, 10)
    missed = wanted * jax.nn.relu(0.9 - lengths) ** 2 + 0.5 * (1 - wanted) * jax.nn.relu(lengths - 0.1) ** 2
    return jnp.mean(jnp.sum(missed, -1))


def explained(states: jax.Array, wanted: jax.Array, ridge: float = 1e-2) -> jax.Array:
    """How much of ``wanted`` a linear map of ``states``, fitted to the first half, says of the second, in percent."""
    half = len(states) // 2
    middle, scale = states[:half].mean(0), states[:half].std() + 1e-6
    x, goal = (states - middle) / scale, wanted - wanted[:half].mean(0)
    gram = x[:half].T @ x[:half] + ridge * half * jnp.eye(x.shape[1])
    found = x[half:] @ jnp.linalg.solve(gram, x[:half].T @ goal[:half])
    left = jnp.sum((goal[half:] - found) ** 2, 0) / jnp.sum(goal[half:] ** 2, 0)
    return 100 * jnp.mean(1 - left)


def make(variant: str, settings: Mapping[str, Any]) -> Run:
    """Trained on digits in their place, but for ``conv-shown``; judged on digits shifted, turned and both."""

    def run(key: jax.Array, rate: jax.Array) -> dict[str, Any]:
        data, start, training, judging = jax.random.split(key, 4)
        (x, y), (held, truth) = digits(data)
        upright = moved(x, jnp.zeros((len(x), 2)), jnp.zeros(len(x)))

        def drawn(key: jax.Array, x: jax.Array) -> tuple[jax.Array, jax.Array]:
            numbers = jax.random.uniform(key, (len(x), 3), minval=-1.0)
            return SHIFT * numbers[:, :2], TURN * numbers[:, 2]

        def loss(params: Any, key: jax.Array) -> jax.Array:
            rows, how = jax.random.split(key)
            if variant == "conv-shown":
                pictures, labels = some(rows, BATCH, x, y)
                pictures = moved(pictures, *drawn(how, pictures))
            else:
                pictures, labels = some(rows, BATCH, upright, y)
            found, _ = told(variant, params, pictures)
            lengths = variant.startswith("capsules") or variant == "conv-margin"
            return margin(found, labels) if lengths else surprise(found, labels)

        params = fit(loss, weights(variant, start), training, settings["steps"], rate)
        shifts, angles = drawn(judging, held)
        none, still = jnp.zeros_like(shifts), jnp.zeros_like(angles)
        asked = jnp.concatenate(
            [jnp.concatenate([none, shifts, none, shifts]), jnp.concatenate([still, still, angles, angles])[:, None]], 1
        )
        pictures = moved(jnp.tile(held, (4, 1)), asked[:, :2], asked[:, 2])
        # In parts, since what routing starts from is computed when it is compiled, as large as the batch.
        parts = jax.lax.map(lambda part: told(variant, params, part), pictures.reshape(-1, 100, SIDE, SIDE))
        found, states = (one.reshape(len(pictures), -1) for one in parts)
        in_place, shifted, turned, both = (right(one, truth) for one in jnp.split(found, 4))
        pose = jnp.concatenate([shifts / SHIFT, angles[:, None] / TURN], 1)
        return {
            "moved": both,
            "place": in_place,
            "shifted": shifted,
            "turned": turned,
            "pose": explained(jnp.split(states, 4)[3], pose),
            "params": size(params),
        }

    return run


TRIAL = Trial(
    variants={
        "dense": "dense layers",
        "conv": "convolutions and dense layers",
        "conv-margin": "the same with the loss of capsules",
        "capsules-once": "capsules whose votes are averaged, without routing",
        "capsules": "capsules with three rounds of routing",
        "conv-shown": "convolutions that training showed moved digits",
    },
    figures=(
        percent("moved", "digits shifted and turned told right"),
        percent("place", "digits in their place told right"),
        percent("shifted", "shifted digits told right"),
        percent("turned", "turned digits told right"),
        Metric("pose", "of shift and angle that the last states say", "%", "up"),
    ),
    make=make,
    settings={"steps": 600},
    smoke={"steps": 3},
)
