"""Curves seen at few odd times: networks that know how much time has passed, and networks that only count points."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
from jax.experimental.ode import odeint

from netspec.vocabulary.continuous import cfc, ltc
from netspec.vocabulary.recurrent import Weights, gru, unroll
from train.trials.base import Run, Series, Trial, dense, fit, less, size, through

#: Shares of the points that are kept, and the times at which the curve is asked for.
SHARES = (0.25, 0.375, 0.5, 0.75, 1.0)
ASKED = 12
NOISE = 0.05
#: Widths at which the recurrent parts have about as many parameters: 3 · 32 · (32 + 3) and 56 · (56 + 4).
WIDTHS = {"ltc": 56}
WIDTH, LATENT = 32, 8


def curves(key: jax.Array, count: int, points: int, kept: jax.Array | int) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Times and values with noise, both ``(count, points)``, and the curve at :data:`ASKED` even times from 0 to 1.

    A curve is a damped sum of two waves. The first ``kept`` points lie at times that were drawn evenly from 0 to 1 and
    sorted. Those behind are at time 2 and repeat the last value, so that straight lines through all are right.
    """
    when, wave, grain = jax.random.split(key, 3)
    here = jnp.arange(points) < kept
    times = jnp.sort(jnp.where(here, jax.random.uniform(when, (count, points)), 2.0), -1)
    height, pace, phase, damping = jnp.moveaxis(jax.random.uniform(wave, (count, 2, 4)), -1, 0)
    height, pace = 0.5 + height, jnp.asarray([1.0, 2.0]) + pace

    def curve(t: jax.Array) -> jax.Array:
        waves = height[:, None] * jnp.sin(2 * jnp.pi * (pace[:, None] * t[..., None] + phase[:, None]))
        return jnp.sum(waves * jnp.exp(-damping[:, None] * t[..., None]), -1)

    values = curve(times) + NOISE * jax.random.normal(grain, times.shape)
    last = jnp.take_along_axis(values, jnp.full((count, 1), kept - 1), 1)
    asked = jnp.broadcast_to(jnp.linspace(0, 1, ASKED), (count, ASKED))
    return times, jnp.where(here, values, last), curve(asked)


def straight(times: jax.Array, values: jax.Array, at: jax.Array) -> jax.Array:
    """Straight lines through the points, and level beyond the first and the last: ``(count, len(at))``."""
    return jax.vmap(lambda t, v: jnp.interp(at, t, v))(times, values)


def flow(field: list, start: jax.Array, at: jax.Array) -> jax.Array:
    """States ``(len(at), batch, LATENT)`` of a neural ODE by steps of Dormand and Prince that fit themselves.

    ``field`` are the layers of dh/dt. Its gradient solves a second equation back in time (Chen et al. 2018).
    """
    return odeint(lambda h, t: through(field, h, jnp.tanh), start, at, rtol=1e-4, atol=1e-4, mxstep=100)


def drawn(variant: str, key: jax.Array, points: int) -> dict[str, Any]:
    """Weights of a variant; ``interpolation`` has none."""
    if variant == "interpolation":
        return {}
    first, second, third, fourth = jax.random.split(key, 4)
    if variant == "filled":
        return {"out": dense(first, points, WIDTH, WIDTH, ASKED)}
    width, inputs = WIDTHS.get(variant, WIDTH), 1 if variant == "gru" else 2
    # Inputs and states each by how many of them there are, as in the GRU: few inputs would be lost among many states.
    spread = jnp.where(jnp.arange(inputs + width) < inputs, 1 / inputs, 1 / width)[:, None] ** 0.5
    params: dict[str, Any] = {"out": dense(second, width, WIDTH, ASKED)}
    match variant:
        case "ltc":
            params |= {
                "kernel": spread * jax.random.normal(first, (inputs + width, width)),
                "bias": jnp.zeros(width),
                "target": jax.random.normal(third, (width,)),
                "tau": jnp.zeros(width),
            }
        case "cfc":
            params |= {
                "kernels": spread * jax.random.normal(first, (3, inputs + width, width)),
                "biases": jnp.zeros((3, width)),
            }
        case _:
            across = jax.random.orthogonal(third, width, (3,)).transpose(1, 0, 2).reshape(width, -1)
            kernel = jax.random.normal(first, (inputs, 3 * width)) / jnp.sqrt(inputs)
            params["cell"] = Weights(kernel, across, jnp.zeros(3 * width))
    if variant == "ode":
        params["out"] = dense(second, width, LATENT)
        params |= {"field": dense(fourth, LATENT, WIDTH, LATENT), "read": dense(first, LATENT, 1)}
    return params


def answers(variant: str, params: dict[str, Any], times: jax.Array, values: jax.Array, kept: jax.Array) -> jax.Array:
    """The curve at the times asked for, ``(batch, ASKED)``, from its first ``kept`` points."""
    at = jnp.linspace(0, 1, ASKED)
    if variant == "interpolation":
        return straight(times, values, at)
    if variant == "filled":
        return through(params["out"], straight(times, values, jnp.linspace(0, 1, times.shape[1])))
    gaps = jnp.minimum(jnp.diff(times, axis=1, prepend=0.0), 1.0)
    seen = jnp.stack([values, gaps], -1)[..., : 1 if variant == "gru" else 2]
    start = jnp.zeros((len(times), params["out"][0]["kernel"].shape[0]))

    def liquid(h: jax.Array, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        gap = 4 * x[:, 1:] + 1e-3  # in quarters of the curve, so that time constants start near one
        h = ltc(x, h, params["kernel"], params["bias"], params["target"], jax.nn.softplus(params["tau"]), gap, 3)
        return h, h

    def closed(h: jax.Array, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        h = cfc(x, h, 4 * x[:, 1], params["kernels"], params["biases"])
        return h, h

    match variant:
        case "ltc":
            states = unroll(liquid, start, seen)[1]
        case "cfc":
            states = unroll(closed, start, seen)[1]
        case _:
            states = gru(seen, start, params["cell"])[1]
    last = jax.lax.dynamic_index_in_dim(states, kept - 1, 1, keepdims=False)
    found = through(params["out"], last)
    if variant == "ode":
        found = through(params["read"], flow(params["field"], found, at))[..., 0].T
    return found


def make(variant: str, settings: Mapping[str, Any]) -> Run:
    """Trained at all shares of points at once, judged at each of :data:`SHARES`."""
    points, batch = settings["points"], settings["batch"]

    def run(key: jax.Array, rate: jax.Array) -> dict[str, Any]:
        start, training, judging = jax.random.split(key, 3)
        params = drawn(variant, start, points)

        def loss(params: dict, key: jax.Array) -> jax.Array:
            many, which = jax.random.split(key)
            kept = jax.random.randint(many, (), round(points * SHARES[0]), points + 1)
            times, values, truth = curves(which, batch, points, kept)
            return jnp.mean((answers(variant, params, times, values, kept) - truth) ** 2)

        if params:
            params = fit(loss, params, training, settings["steps"], rate)

        def error(kept: jax.Array) -> jax.Array:
            times, values, truth = curves(judging, settings["judged"], points, kept)
            wrong = answers(variant, params, times, values, kept) - truth
            return 100 * jnp.sqrt(jnp.mean(wrong**2) / jnp.var(truth))

        by_share = jax.lax.map(error, jnp.asarray([round(points * one) for one in SHARES]))
        return {
            "error": by_share.mean(),
            "sparse": by_share[0],
            "complete": by_share[-1],
            "params": size(params),
            "by_share": by_share,
        }

    return run


TRIAL = Trial(
    variants={
        "interpolation": "straight lines through the points",
        "filled": "the same at even times, and an MLP behind",
        "gru": "a GRU that reads values, one after the other",
        "gru-gaps": "a GRU that reads each value with the time since the last",
        "ltc": "liquid time constants, three implicit steps a gap",
        "cfc": "closed-form continuous time, one step a gap",
        "ode": "a GRU that reads times, and a neural ODE from what it read, by a solver that fits its steps",
    },
    figures=(
        less("error", "error, mean over the shares of points", "% of the spread"),
        less("sparse", "error at a quarter of the points", "% of the spread"),
        less("complete", "error at all points", "% of the spread"),
    ),
    make=make,
    settings={"points": 16, "batch": 64, "steps": 2500, "judged": 400},
    smoke={"points": 8, "batch": 4, "steps": 2, "judged": 4},
    series=(
        Series(
            "by_share", "error (% of the spread)", "share of the points (%)", lambda settings: [100 * s for s in SHARES]
        ),
    ),
)
