"""Networks that are drawn and then only read: echo states and liquids of spiking neurons follow a series.

A value of the series takes in what was heard nine steps before (NARMA). All but the GRUs are read by the same ridge
regression; beside them stand windows of inputs, and GRUs that are trained: on the same series, on a new one in every
step, or on the same with no more multiply-adds than the echo state network takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from netspec.vocabulary.continuous import Liquid, liquid_state
from netspec.vocabulary.recurrent import Reservoir, Weights, gru, reservoir_states
from train.trials.base import Metric, Run, Trial, dense, fit, less, size, through
from train.trials.readout import readout

#: Steps back that a series takes in (Atiya and Parlos 2000, eq. 86), and those that a window sees.
ORDER, WINDOW = 10, 30
#: Steps at the start of a series, and of a stretch that a GRU learns from, that are not judged.
WASHED = 20
#: Drawn units, the part of their weights that is not zero, and units of the GRU.
UNITS, WIDE, FILLED, TRAINED = 200, 400, 0.1, 32
#: Of drawn networks ten times the rate is the scale of inputs, which is chosen as the rate of Adam is.
SCALE = 10.0
#: Largest absolute eigenvalue of recurrent weights, 0.9 elsewhere.
RADIUS = {"esn-short": 0.5, "esn-wild": 1.4}
#: Of liquids the part of neurons that inhibit, and what a neuron would get if all fired and excited.
INHIBIT, GAIN = 0.2, 1.0

States = Callable[[jax.Array], jax.Array]


def narma(key: jax.Array, steps: int) -> tuple[jax.Array, jax.Array]:
    """Inputs from −1 to 1 and the series that they drive, both ``(steps,)``; a value has heard its own step's input.

    In the equation inputs go from 0 to 0.5. Some series run off to infinity, so that here values end at one.
    """
    inputs = jax.random.uniform(key, (steps,), maxval=0.5)

    def step(state: tuple[jax.Array, jax.Array], now: jax.Array) -> tuple:
        values, heard = state
        heard = jnp.roll(heard, 1).at[0].set(now)
        value = 0.3 * values[0] + 0.05 * values[0] * values.sum() + 1.5 * heard[-1] * heard[0] + 0.1
        value = jnp.minimum(value, 1.0)
        return (jnp.roll(values, 1).at[0].set(value), heard), value

    start = jnp.zeros(ORDER)
    return 4 * inputs - 1, jax.lax.scan(step, (start, start), inputs)[1]


def windowed(x: jax.Array, products: bool = False) -> jax.Array:
    """The last :data:`WINDOW` inputs at each step of ``(steps, channels)``, and products of any two if wanted."""
    padded = jnp.pad(x, ((WINDOW - 1, 0), (0, 0)))
    seen = jnp.concatenate([padded[WINDOW - 1 - back : len(padded) - back] for back in range(WINDOW)], 1)
    if not products:
        return seen
    one, other = jnp.triu_indices(seen.shape[1])
    return jnp.concatenate([seen, seen[:, one] * seen[:, other]], 1)


def offset(x: jax.Array) -> jax.Array:
    """Inputs with one more channel, which is always one."""
    return jnp.pad(x, ((0, 0), (0, 1)), constant_values=1.0)


def sparse(key: jax.Array, units: int) -> jax.Array:
    """Normal weights ``(units, units)`` of which most are zero, with a largest absolute eigenvalue of about one.

    By the circular law (Girko 1985), so that no eigenvalues need be found.
    """
    there, value = jax.random.split(key)
    filled = jax.random.bernoulli(there, FILLED, (units, units))
    return filled * jax.random.normal(value, (units, units)) / jnp.sqrt(FILLED * units)


def echo(variant: str, key: jax.Array, channels: int, scale: jax.Array | float) -> Reservoir:
    """A drawn echo state network that hears so many channels, and one that is always one."""
    inner, outer, own = jax.random.split(key, 3)
    units = WIDE if variant == "esn-wide" else UNITS
    kernel = scale * jax.random.uniform(inner, (channels, units), minval=-1.0)
    bias = 0.2 * jax.random.uniform(own, (1, units), minval=-1.0)
    return Reservoir(jnp.concatenate([kernel, bias]), RADIUS.get(variant, 0.9) * sparse(outer, units))


def liquid(variant: str, key: jax.Array, channels: int, scale: jax.Array | float) -> Liquid:
    """Drawn spiking neurons that hear so many channels, and one that is always one.

    A fifth of them inhibit what they reach, four times as strongly as the others excite. In ``lsm-apart`` none reaches
    another.
    """
    inner, outer, own, there = jax.random.split(key, 4)
    kernel = scale * jax.random.uniform(inner, (channels, UNITS), minval=-1.0)
    bias = 0.4 * jax.random.uniform(own, (1, UNITS))
    reach = jax.random.bernoulli(there, FILLED, (UNITS, UNITS)) * jax.random.uniform(outer, (UNITS, UNITS), maxval=2.0)
    sign = jnp.where(jnp.arange(UNITS) < INHIBIT * UNITS, -(1 - INHIBIT) / INHIBIT, 1.0)
    weights = 0.0 if variant == "lsm-apart" else GAIN / (FILLED * UNITS)
    return Liquid(jnp.concatenate([kernel, bias]), weights * reach * sign[:, None])


def states(variant: str, key: jax.Array, channels: int, rate: jax.Array | float) -> States:
    """What is read of a variant that is not trained, ``(steps, units)``, where it hears ``(steps, channels)``."""
    if variant.startswith("window"):
        return lambda x: windowed(x, variant == "window-products")
    if variant.startswith("lsm"):
        pond = liquid(variant, key, channels, SCALE * rate)
        return lambda x: liquid_state(offset(x), pond)
    reservoir = echo(variant, key, channels, SCALE * rate)
    return lambda x: reservoir_states(offset(x)[None], reservoir)[0]


def recurrent(key: jax.Array, channels: int, out: int) -> dict[str, Any]:
    """Weights of a GRU and of what reads it."""
    inner, outer, last = jax.random.split(key, 3)
    across = jax.random.orthogonal(outer, TRAINED, (3,)).transpose(1, 0, 2).reshape(TRAINED, -1)
    kernel = jax.random.normal(inner, (channels, 3 * TRAINED)) / jnp.sqrt(channels)
    return {"cell": Weights(kernel, across, jnp.zeros(3 * TRAINED)), "out": dense(last, TRAINED, out)}


def read(params: dict[str, Any], x: jax.Array) -> jax.Array:
    """What a GRU says at every step of ``(batch, steps, channels)``: ``(batch, steps, out)``."""
    return through(params["out"], gru(x, jnp.zeros((len(x), TRAINED)), params["cell"])[1])


def multiply_adds(variant: str, settings: Mapping[str, Any]) -> float:
    """Of learning: a reservoir makes its states once and solves for its readout; a GRU as for one step of one stretch.

    A gradient takes three times what the way forward does. Solving is the square of the width for each example.
    """
    if variant.startswith("gru"):
        return 3 * settings["stretch"] * (3 * TRAINED * (TRAINED + 1) + TRAINED)
    width = {"window": WINDOW, "window-products": WINDOW * (WINDOW + 3) // 2, "esn-wide": WIDE}.get(variant, UNITS)
    drawn = 0 if variant.startswith("window") else FILLED * width * width
    return settings["train"] * (drawn + width * width)


def made(variant: str, settings: Mapping[str, Any]) -> tuple[int, int]:
    """Steps of a GRU and stretches in each: as many as are set, or of one stretch with the multiply-adds of ``esn``."""
    if variant != "gru-same-work":
        return settings["steps"], settings["batch"]
    return max(1, round(multiply_adds("esn", settings) / multiply_adds("gru", settings))), 1


def make(variant: str, settings: Mapping[str, Any]) -> Run:
    """Learned from one series of ``train`` steps, judged on another of ``judged``."""

    def run(key: jax.Array, rate: jax.Array) -> dict[str, Any]:
        data, other, start, training = jax.random.split(key, 4)
        (x, y), (held, truth) = narma(data, settings["train"]), narma(other, settings["judged"])
        middle, spread = y[WASHED:].mean(), y[WASHED:].std()
        if not variant.startswith("gru"):
            heard = states(variant, start, 1, rate)
            found = readout(heard(x[:, None])[WASHED:], y[WASHED:, None], heard(held[:, None]))[:, 0]
            params = heard(held[:1, None]).shape[1] + 1
            took = multiply_adds(variant, settings)
        else:
            (steps, batch), stretch = made(variant, settings), settings["stretch"]

            def loss(params: dict, key: jax.Array) -> jax.Array:
                if variant == "gru-endless":
                    inputs, targets = jax.vmap(lambda one: narma(one, stretch))(jax.random.split(key, batch))
                else:
                    at = jax.random.randint(key, (batch, 1), 0, len(x) - stretch + 1) + jnp.arange(stretch)
                    inputs, targets = x[at], y[at]
                off = read(params, inputs[..., None])[..., 0] - (targets - middle) / spread
                return jnp.mean(off[:, min(WASHED, stretch // 2) :] ** 2)

            trained = fit(loss, recurrent(start, 1, 1), training, steps, rate)
            found = middle + spread * read(trained, held[None, :, None])[0, :, 0]
            params, took = size(trained), steps * batch * multiply_adds(variant, settings)
        wrong = (found - truth)[WASHED:]
        return {
            "error": 100 * jnp.sqrt(jnp.mean(wrong**2) / jnp.var(truth[WASHED:])),
            "work": jnp.asarray(took / 1e6),
            "params": params,
        }

    return run


TRIAL = Trial(
    variants={
        "window": "the last 30 inputs",
        "window-products": "the last 30 inputs and products of any two",
        "esn": "200 drawn units, largest eigenvalue 0.9",
        "esn-wide": "400 drawn units",
        "esn-short": "largest eigenvalue 0.5, a shorter memory",
        "esn-wild": "largest eigenvalue 1.4, without the echo state property",
        "lsm": "200 drawn spiking neurons, of which traces are read",
        "lsm-apart": "the same neurons, none of which reaches another",
        "gru": "a GRU of 32 units, trained on the same series",
        "gru-endless": "the same, on a new series in each step",
        "gru-same-work": "trained on the same series with as many multiply-adds as 200 drawn units take",
    },
    figures=(
        less("error", "error of the next value", "% of the spread"),
        Metric("work", "multiply-adds of learning", "millions", "down"),
    ),
    make=make,
    settings={"train": 2000, "judged": 1000, "steps": 1500, "batch": 8, "stretch": 60},
    smoke={"train": 60, "judged": 40, "steps": 2, "batch": 2, "stretch": 8},
)
