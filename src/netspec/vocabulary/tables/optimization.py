"""Defaults of optimizers from optax's signatures, their states from their trees, landmarks of schedules."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from netspec.vocabulary.tables.figures import Ours, printed

Cells = dict[tuple[str, str], Ours]

#: The function of optax for each row, and its arguments for each column, in the order of the figures printed.
OPTIMIZERS: dict[str, tuple[Callable[..., Any], dict[str, tuple[str, ...]]]] = {
    "SGD": (optax.sgd, {"betas or momentum": ("momentum",), "other": ("nesterov",)}),
    "Adam": (optax.adam, {"betas or momentum": ("b1", "b2"), "eps": ("eps",)}),
    "AdamW": (optax.adamw, {"betas or momentum": ("b1", "b2"), "eps": ("eps",), "weight_decay": ("weight_decay",)}),
    "Adagrad": (optax.adagrad, {"eps": ("eps",)}),
    "Adadelta": (optax.adadelta, {"betas or momentum": ("rho",), "eps": ("eps",), "weight_decay": ("weight_decay",)}),
    "RMSprop": (optax.rmsprop, {"betas or momentum": ("decay", "momentum"), "eps": ("eps",)}),
    "Lion": (optax.lion, {}),
    "LAMB (library)": (
        optax.lamb,
        {"betas or momentum": ("b1", "b2"), "eps": ("eps",), "weight_decay": ("weight_decay",)},
    ),
    "LAMB (manual)": (
        optax.lamb,
        {"betas or momentum": ("b1", "b2"), "eps": ("eps",), "weight_decay": ("weight_decay",)},
    ),
    "LARS": (optax.lars, {"betas or momentum": ("momentum",), "eps": ("eps",), "other": ("trust_coefficient",)}),
    "NovoGrad": (optax.novograd, {"betas or momentum": ("b1", "b2"), "weight_decay": ("weight_decay",)}),
    "Lookahead": (optax.lookahead, {"other": ("sync_period", "slow_step_size")}),
    "Adan": (optax.adan, {"betas or momentum": ("b1", "b2", "b3"), "weight_decay": ("weight_decay",)}),
}


def defaults() -> Cells:
    """Every default that optax has under the same name, beside the printed one, which is mostly PyTorch's."""
    cells: Cells = {}
    for row in printed("optimizer_defaults"):
        function, columns = OPTIMIZERS.get(row["row"], (None, {}))
        names = columns.get(row["column"], ())
        parameters = inspect.signature(function).parameters if function else {}
        names = ("learning_rate",) if row["column"] == "lr" else names
        if function is None or not names or not set(names) <= set(parameters):
            continue
        where = f"optax.{function.__name__}"
        found = [parameters[name].default for name in names]
        if all(value is inspect.Parameter.empty for value in found):
            cells[row["row"], row["column"]] = Ours(
                "no default", "partly", f"{where} has to be told; the printed one is PyTorch's"
            )
            continue
        same = _numbers(row["value"]) == [_number(value) for value in found]
        text = ", ".join(f"{name}={value}" for name, value in zip(names, found, strict=True))
        cells[row["row"], row["column"]] = Ours(text, "agrees" if same else "differs", f"signature of {where}")
    return cells


def _numbers(text: str) -> list[float]:
    words = text.replace("True", "1").replace("False", "0").replace("None", "nan")
    return [float(number) for number in re.findall(r"(?<![\w.])\d+\.?\d*(?:e-?\d+)?", words)]


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)


def state_memory() -> Cells:
    """Numbers in the state beside those of the parameters, counted in the state's tree, for a table of 512 × 512."""
    parameters = {"kernel": jnp.zeros((512, 512)), "bias": jnp.zeros(512)}

    def share(optimizer: optax.GradientTransformation) -> float:
        leaves = jax.tree.leaves(jax.eval_shape(optimizer.init, parameters))
        total = sum(math.prod(leaf.shape) for leaf in leaves if leaf.ndim)
        return total / sum(leaf.size for leaf in jax.tree.leaves(parameters))

    adam, factored = share(optax.adamw(1e-3)), share(optax.adafactor(1e-3))
    momentum = share(optax.adafactor(1e-3, momentum=0.9))
    return {
        ("Adam/AdamW", "state size"): Ours(f"{adam:.2f} × parameters", "agrees", "state of optax.adamw"),
        ("Adafactor", "state size"): Ours(
            f"{factored:.2f} × parameters",
            "differs",
            f"state of optax.adafactor: rows and columns; with momentum {momentum:.2f} ×",
        ),
    }


def schedules() -> Cells:
    """The rate at landmarks of each schedule with the printed settings."""
    step = optax.exponential_decay(1.0, 30, 0.1, staircase=True)
    cosine = optax.cosine_decay_schedule(1.0, 100)
    cycle = optax.cosine_onecycle_schedule(10_000, 0.1, pct_start=0.3)
    warm = optax.linear_schedule(0.0, 1.0, 10_000)
    peak = int(np.argmax([float(cycle(at)) for at in range(0, 10_000, 100)])) * 100

    def landmarks(schedule: Callable[[int], Any], *places: int) -> str:
        return ", ".join(f"{float(schedule(place)):.4g} at {place:,}" for place in places)

    return {
        ("StepLR", "parameters"): Ours(landmarks(step, 0, 29, 30, 60), "agrees", "share of the first rate"),
        ("CosineAnnealingLR", "parameters"): Ours(landmarks(cosine, 0, 50, 100), "agrees", "share of the first rate"),
        ("OneCycleLR", "parameters"): Ours(
            f"{landmarks(cycle, 0, 9_999)}; highest at {peak:,}", "agrees", "0.3 of 10,000 steps is 3,000"
        ),
        ("ReduceLROnPlateau", "parameters"): Ours(
            _plateau(), "agrees", "optax.contrib.reduce_on_plateau, constant loss"
        ),
        ("Warmup", "parameters"): Ours(landmarks(warm, 0, 5_000, 10_000), "agrees", "share of the highest rate"),
    }


def _plateau() -> str:
    """After how many steps without improvement the rate falls, and to what."""
    plateau = optax.contrib.reduce_on_plateau(factor=0.1, patience=10)
    parameters = {"w": jnp.ones(())}
    state = plateau.init(parameters)
    for step in range(1, 40):
        _, state = plateau.update(parameters, state, value=jnp.float32(1.0))
        if float(state.scale) < 1.0:
            return f"{float(state.scale):.2g} of the rate after {step} equal losses"
    return "never"
