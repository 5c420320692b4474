"""Networks of light, of qubits and of resistors, simulated, on digits with noise, beside as many ordinary weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from netspec.vocabulary.quantum.circuits import circuit_state, hybrid_network
from netspec.vocabulary.quantum.memristors import crossbar
from netspec.vocabulary.quantum.optics import diffract, mzi_mesh
from train.trials.base import Params, Run, Series, Trial, dense, digits, fit, percent, right, size, some, surprise

#: All see the means of 2 × 2 pixels.
INPUTS, CLASSES = 16, 10
#: Interferometers are in meshes beside each other; two numbers are the parts of the amplitude of a mode.
MESHES, MODES = 3, INPUTS // 2
#: Hidden units of the dense networks, which have as many weights as light or qubits have angles and weights.
HIDDEN, FEW = 16, 7
QUBITS, LAYERS = 6, 4
#: Pixels of a side of a mask, of a detector down and across, and the lengths in units of a pixel.
SIDE, DOWN, ACROSS = 12, 3, 4
DISTANCE, WAVELENGTH = 8.0, 1.0
MASKS = 3
#: Deviations of noise: of what is read, and of what a device is made of (radians, or shares of the largest weight).
READ, MADE = (0.0, 0.1, 0.2, 0.3, 0.5), (0.0, 0.02, 0.05, 0.1, 0.2)
JUDGED_READ, JUDGED_MADE = 0.2, 0.05
#: Levels of the conductances of a crossbar.
LEVELS = {"crossbar-16": 16, "crossbar-4": 4}
ANGLES = ("theta", "phi", "phases", "masks", "angles")


def small(x: jax.Array) -> jax.Array:
    """Pictures ``(…, 64)`` to the means of 2 × 2 pixels, ``(…, 16)``."""
    return x.reshape(*x.shape[:-1], 4, 2, 4, 2).mean((-3, -1)).reshape(*x.shape[:-1], INPUTS)


def drawn(key: jax.Array, variant: str) -> Params:
    """Initial weights and angles."""
    one, two, three = jax.random.split(key, 3)

    def angles(key: jax.Array, *shape: int) -> jax.Array:
        return jax.random.uniform(key, shape, maxval=2 * jnp.pi)

    match variant.partition("-")[0]:
        case "linear":
            return {"layers": dense(one, INPUTS, CLASSES)}
        case "mesh":
            pairs = MODES * (MODES - 1) // 2
            turns = {"theta": angles(one, MESHES, pairs), "phi": angles(two, MESHES, pairs)}
            return {**turns, "phases": jnp.zeros((MESHES, MODES)), "layers": dense(three, MESHES * MODES, CLASSES)}
        case "masks":
            return {"masks": angles(one, MASKS, SIDE, SIDE), "gain": jnp.full((), 20.0), "bias": jnp.zeros(CLASSES)}
        case "qubits":
            read = jax.random.normal(one, (INPUTS, QUBITS)) / jnp.sqrt(INPUTS)
            told = jax.random.normal(two, (QUBITS, CLASSES)) * jnp.sqrt(2 / QUBITS)
            return {"read": read, "angles": angles(three, LAYERS, QUBITS, 2), "told": told}
    return {"layers": dense(one, INPUTS, FEW if variant == "dense-few" else HIDDEN, CLASSES)}


def _layers(layers: list, x: jax.Array, product: Callable) -> jax.Array:
    for place, layer in enumerate(layers):
        x = product(x, layer["kernel"]) + layer["bias"]
        x = jax.nn.relu(x) if place + 1 < len(layers) else x
    return x


def scores(variant: str, params: Params, x: jax.Array, key: jax.Array | None = None, shots: int = 100) -> jax.Array:
    """``(count, classes)`` of ``x (count, 16)``; ``key`` draws the shots of a circuit whose means are measured."""
    match variant.partition("-")[0]:
        case "mesh":  # detectors see sizes squared
            meshes = jax.vmap(mzi_mesh, (None, 0, 0, 0), 1)
            light = meshes(
                jax.lax.complex(x[:, :MODES], x[:, MODES:]), params["theta"], params["phi"], params["phases"]
            )
            return _layers(params["layers"], jnp.square(jnp.abs(light)).reshape(len(x), -1), jnp.matmul)
        case "masks":
            return jax.vmap(lambda one: _detected(params, one))(x)
        case "qubits":
            if variant == "qubits-fixed":
                params = {**params, "angles": jax.lax.stop_gradient(params["angles"])}
            if variant == "qubits-shots" and key is not None:
                turns = jnp.pi * jnp.tanh(x @ params["read"])
                measured = jax.vmap(lambda one, key: _measured(one, params["angles"], key, shots))
                return measured(turns, jax.random.split(key, len(x))) @ params["told"]
            return jax.vmap(lambda one: hybrid_network(one, params["read"], params["angles"], params["told"]))(x)
    if variant in LEVELS and key is not None:
        return _layers(params["layers"], x, lambda v, w: crossbar(v, w, levels=LEVELS[variant]))
    return _layers(params["layers"], x, jnp.matmul)


def _detected(params: Params, x: jax.Array) -> jax.Array:
    """A picture ``(16,)`` as the size of a wave, through masks, on ten detectors: shares of the light, scaled."""
    field = jnp.kron(x.reshape(4, 4), jnp.ones((SIDE // 4, SIDE // 4))).astype(complex)
    seen = jnp.square(jnp.abs(diffract(field, params["masks"], DISTANCE, WAVELENGTH, 1.0)))
    areas = seen.reshape(SIDE // DOWN, DOWN, SIDE // ACROSS, ACROSS).sum((1, 3)).ravel()[:CLASSES]
    return params["gain"] * areas / (areas.sum() + 1e-6) + params["bias"]


def _measured(x: jax.Array, angles: jax.Array, key: jax.Array, shots: int) -> jax.Array:
    """The mean of each qubit over so many measurements of the whole register, ``(qubits,)``."""
    chances = jnp.square(jnp.abs(circuit_state(x, angles)))
    found = jax.random.categorical(key, jnp.log(chances.ravel() + 1e-12), shape=(shots,))
    return jnp.stack([1 - 2.0 * one for one in jnp.unravel_index(found, chances.shape)]).mean(1)


def faulty(params: Params, key: jax.Array, deviation: jax.Array | float) -> Params:
    """Parameters as a device has them: angles off by radians, weights by shares of the largest of their kind."""
    leaves, form = jax.tree.flatten_with_path(params)
    off = []
    for (path, leaf), one in zip(leaves, jax.random.split(key, len(leaves)), strict=True):
        unit = 1.0 if path[0].key in ANGLES else jnp.max(jnp.abs(leaf))
        off.append(leaf + deviation * unit * jax.random.normal(one, leaf.shape))
    return jax.tree.unflatten(form, off)


def make(variant: str, settings: Mapping[str, Any]) -> Run:
    """Trained on digits without noise, and judged with noise in what is read and in what the network is made of."""

    def run(key: jax.Array, rate: jax.Array) -> dict[str, Any]:
        data, start, training, judging = jax.random.split(key, 4)
        (x, y), (held, truth) = digits(data, settings["judged"])
        x, held = small(x), small(held)

        def loss(params: Params, key: jax.Array) -> jax.Array:
            inputs, labels = some(key, settings["batch"], x, y)
            return surprise(scores(variant, params, inputs), labels)

        params = fit(loss, drawn(start, variant), training, settings["steps"], rate)

        def told(noise: tuple[jax.Array, jax.Array]) -> jax.Array:
            def once(key: jax.Array) -> jax.Array:
                grain, fault, shot = jax.random.split(key, 3)
                seen = held + noise[0] * jax.random.normal(grain, held.shape)
                return right(scores(variant, faulty(params, fault, noise[1]), seen, shot, settings["shots"]), truth)

            return jax.lax.map(once, jax.random.split(judging, settings["draws"])).mean()

        none = jnp.zeros(len(READ))
        levels = jnp.concatenate([jnp.asarray(READ), none]), jnp.concatenate([none, jnp.asarray(MADE)])
        by_read, by_made = jnp.split(jax.lax.map(told, levels), 2)
        trained = size(params) - (params["angles"].size if variant == "qubits-fixed" else 0)
        return {
            "accuracy": by_read[0],
            "noisy": by_read[READ.index(JUDGED_READ)],
            "faulty": by_made[MADE.index(JUDGED_MADE)],
            "by_read": by_read,
            "by_made": by_made,
            "params": trained,
        }

    return run


TRIAL = Trial(
    variants={
        "dense": "a hidden layer of 16",
        "linear": "no hidden layer",
        "mesh": "three meshes of interferometers over 8 modes, detectors, a dense layer",
        "masks": "three masks that light is bent by, ten detectors",
        "crossbar-16": "the hidden layer of 16, written into resistors of 16 levels",
        "crossbar-4": "the same, of 4 levels",
        "dense-few": "a hidden layer of 7",
        "qubits": "a circuit of 6 qubits between two dense layers",
        "qubits-fixed": "the same, its angles left as they were drawn",
        "qubits-shots": "the same as qubits, its means measured 100 times each",
    },
    figures=(
        percent("accuracy", "digits told right"),
        percent("noisy", f"with noise of {JUDGED_READ} in what is read"),
        percent("faulty", f"with errors of {JUDGED_MADE} in what it is made of"),
    ),
    make=make,
    settings={"steps": 500, "batch": 64, "judged": 500, "draws": 5, "shots": 100},
    smoke={"steps": 2, "batch": 4, "judged": 50, "draws": 1, "shots": 5},
    series=(
        Series(
            "by_read", "digits told right (%)", "deviation of the noise in pixels from 0 to 1", lambda settings: READ
        ),
        Series(
            "by_made",
            "digits told right (%)",
            "errors: radians, or shares of the largest weight",
            lambda settings: MADE,
        ),
    ),
)
