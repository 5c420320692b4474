"""Layers with other numbers in them: curves on edges, phases, turns in space, each beside dense layers of its size.

Each has a problem of the kind that it is said to be for, and curves on edges one that is no formula, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from netspec.vocabulary.associative.algebras import complex_layer, quaternion_dense, quaternion_product
from netspec.vocabulary.associative.splines import kan_layer
from train.trials.base import Params, Run, Trial, dense, fit, less, size, some, through

#: Numbers that go in: coordinates of a formula, sensors of a wave, orientations.
COORDINATES, SENSORS, TURNS = 4, 16, 2
#: Widths of layers with other numbers, and of dense ones with about as many parameters.
CURVES, GRID, DENSE_CURVES = 4, 5, 30
PHASES, DENSE_PHASES = 12, 12
QUATERNIONS, DENSE_TURNS = 12, 23
NOISE = 0.3

Data = tuple[jax.Array, jax.Array]


def formula(x: jax.Array) -> jax.Array:
    """What curves on edges and sums can say exactly in two layers, ``(…, COORDINATES)`` to ``(…, 1)``."""
    inner = jnp.sin(jnp.pi * x[..., 0]) + x[..., 1] ** 2 + jnp.sin(jnp.pi * x[..., 2]) - x[..., 3] ** 2
    return jnp.exp(inner / 2)[..., None]


def edges(x: jax.Array) -> jax.Array:
    """On which side of three planes a point lies, multiplied: no formula of smooth curves."""
    across = jax.random.normal(jax.random.key(3), (COORDINATES, 3))
    return jnp.sign(x @ across).prod(-1, keepdims=True)


def waves(key: jax.Array, count: int) -> Data:
    """Complex signals ``(count, SENSORS)`` of a wave that arrives from somewhere, in noise, and its step of phase."""
    phase, step, noise = jax.random.split(key, 3)
    by = jax.random.uniform(step, (count, 1), minval=-jnp.pi, maxval=jnp.pi)
    angle = jax.random.uniform(phase, (count, 1), maxval=2 * jnp.pi) + by * jnp.arange(SENSORS)
    shakes = NOISE * jax.random.normal(noise, (2, count, SENSORS))
    return jnp.exp(1j * angle) + shakes[0] + 1j * shakes[1], jnp.concatenate([jnp.cos(by), jnp.sin(by)], 1)


def turns(key: jax.Array, count: int) -> Data:
    """Two orientations ``(count, TURNS, 4)`` and where a vector ends that is turned by one after the other."""
    x = jax.random.normal(key, (count, TURNS, 4))
    x = x / jnp.linalg.norm(x, axis=-1, keepdims=True)
    both = quaternion_product(x[:, 0], x[:, 1])
    back = both * jnp.array([1.0, -1, -1, -1])
    vector = jnp.broadcast_to(jnp.array([0.0, 1, 0, 0]), both.shape)
    return x, quaternion_product(quaternion_product(both, vector), back)[:, 1:]


def examples(problem: str, key: jax.Array, count: int) -> Data:
    """Inputs and targets of a problem."""
    if problem == "waves":
        return waves(key, count)
    if problem == "turns":
        return turns(key, count)
    x = jax.random.uniform(key, (count, COORDINATES), minval=-1, maxval=1)
    return x, (formula if problem == "formula" else edges)(x)


def _curves(key: jax.Array, inputs: int, outputs: int) -> Params:
    """Coefficients of cubic splines on every edge, which start small, and the weights beside them."""
    one, two = jax.random.split(key)
    coefficients = 0.1 * jax.random.normal(one, (inputs, outputs, GRID + 3))
    return {"curves": coefficients, "base": jax.random.normal(two, (inputs, outputs)) / jnp.sqrt(inputs)}


def begin(variant: str, key: jax.Array) -> Params:
    """The first weights of a variant."""
    one, two, three = jax.random.split(key, 3)
    match variant:
        case "curves" | "curves-edges":
            return [_curves(one, COORDINATES, CURVES), _curves(two, CURVES, 1)]
        case "dense" | "dense-edges":
            return dense(one, COORDINATES, DENSE_CURVES, 1)
        case "phases":
            real = jax.random.normal(one, (2, SENSORS, PHASES)) / jnp.sqrt(2 * SENSORS)
            return {"real": real, "bias": jnp.zeros(PHASES), "mix": jax.random.normal(two, (2, PHASES, PHASES)) / 5,
                    "bias_": jnp.zeros(PHASES), "reads": dense(three, PHASES, 2)}  # fmt: skip
        case "dense-phases":
            return dense(one, 2 * SENSORS, DENSE_PHASES, DENSE_PHASES, DENSE_PHASES, 2)
        case "quaternions":
            widths = (TURNS, QUATERNIONS, QUATERNIONS, 1)
            keys = jax.random.split(one, len(widths) - 1)
            drawn = [
                jax.random.normal(k, (i, o, 4)) / jnp.sqrt(4 * i)
                for k, i, o in zip(keys, widths, widths[1:], strict=False)
            ]
            return [{"kernel": w, "bias": jnp.zeros(w.shape[1:])} for w in drawn]
    return dense(one, 4 * TURNS, DENSE_TURNS, DENSE_TURNS, 3)


def predicted(variant: str, params: Params, x: jax.Array) -> jax.Array:
    """What a variant makes of inputs."""
    match variant:
        case "curves" | "curves-edges":
            for reach, layer in zip((1.0, 3.0), params, strict=True):
                step = 2 * reach / GRID
                knots = -reach + step * (jnp.arange(GRID + 7) - 3)
                x = kan_layer(x, layer["curves"], layer["base"], knots)
            return x
        case "phases":
            kernels = [params[name][0] + 1j * params[name][1] for name in ("real", "mix")]
            hidden = complex_layer(x, kernels[0], params["bias"])
            return through(params["reads"], jnp.abs(complex_layer(hidden, kernels[1], params["bias_"])))
        case "dense-phases":
            return through(params, jnp.concatenate([x.real, x.imag], -1))
        case "quaternions":
            for place, layer in enumerate(params):
                x = quaternion_dense(x, layer["kernel"]) + layer["bias"]
                x = jax.nn.relu(x) if place + 1 < len(params) else x
            return x[..., 0, 1:]
        case "dense-turns":
            return through(params, x.reshape(len(x), -1))
    return through(params, x)


PROBLEMS = {
    "curves": "formula", "dense": "formula", "curves-edges": "edges", "dense-edges": "edges", "phases": "waves",
    "dense-phases": "waves", "quaternions": "turns", "dense-turns": "turns",
}  # fmt: skip


def make(variant: str, settings: Mapping[str, Any]) -> Run:
    """Trained by squared error on some examples, judged on others by the part of the targets' spread that is missed."""

    def run(key: jax.Array, rate: jax.Array) -> dict[str, Any]:
        data, start, training, last = jax.random.split(key, 4)
        seen = examples(PROBLEMS[variant], data, settings["examples"])
        held, truth = examples(PROBLEMS[variant], last, settings["judged"])
        params = begin(variant, start)

        def loss(params: Params, key: jax.Array) -> jax.Array:
            inputs, targets = some(key, 64, *seen)
            return jnp.mean((predicted(variant, params, inputs) - targets) ** 2)

        params = fit(loss, params, training, settings["steps"], rate)
        off = jnp.mean((predicted(variant, params, held) - truth) ** 2) / jnp.var(truth, axis=0).mean()
        return {"error": 100 * jnp.sqrt(off), "params": size(params)}

    return run


TRIAL = Trial(
    variants={
        "curves": "a formula: splines on edges, two layers",
        "dense": "a formula: two dense layers",
        "curves-edges": "edges: splines on edges, two layers",
        "dense-edges": "edges: two dense layers",
        "phases": "waves: two complex layers, read by size",
        "dense-phases": "waves: four dense layers on both parts",
        "quaternions": "turns: three layers of quaternions",
        "dense-turns": "turns: three dense layers",
    },
    figures=(less("error", "root mean square error, of the targets’ spread", "%"),),
    make=make,
    settings={"examples": 1000, "judged": 1000, "steps": 1500},
    smoke={"examples": 64, "judged": 50, "steps": 3},
)
