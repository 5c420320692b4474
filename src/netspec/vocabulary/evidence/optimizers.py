"""Computations that show errors of the document on optimizers."""

from __future__ import annotations

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import optax

from netspec.vocabulary.evidence import Evidence

#: A dense layer of a wide Transformer.
LAYER = jax.ShapeDtypeStruct((1024, 4096), jnp.float32)


def lamb_memory() -> Evidence:
    """LAMB keeps as much as Adam: both averages, and nothing of a layer."""
    lamb, adam = (_kept(optimizer(1e-3)) for optimizer in (optax.lamb, optax.adam))
    return Evidence(
        "memory overhead: LAMB stores layer-wise statistics",
        f"a layer of {LAYER.size:,} weights takes {lamb:,} numbers of state with LAMB and {adam:,} with Adam",
        lamb == adam,
    )


def lamb_options() -> Evidence:
    """All that is to be chosen for LAMB is to be chosen for AdamW."""
    lamb, adamw = (set(inspect.signature(optimizer).parameters) for optimizer in (optax.lamb, optax.adamw))
    return Evidence(
        "more hyperparameters than Adam",
        f"optax.lamb takes {len(lamb)} arguments, all of which optax.adamw takes as well",
        lamb <= adamw,
    )


def lamb_speed() -> Evidence:
    """What the paper's table says of both runs: 81.4 hours on 16 TPUs, 76.19 minutes on 1,024."""
    times, chips = 81.4 * 60 / 76.19, 1024 / 16
    return Evidence(
        "LAMB enables 50× speedup via massive batches",
        f"{times:.1f} times as fast on {chips:.0f} times as many chips: a chip trains as much in an hour as before",
        abs(times / chips - 1) < 0.01,
    )


def adafactor_memory() -> Evidence:
    """Adafactor's state of a layer as a share of its weights."""
    share = _kept(optax.adafactor(1e-3)) / LAYER.size
    return Evidence("Adafactor: ~1.3× model params", f"{share:.4f}× for a layer of 1024 × 4096", share < 0.01)


def forgetting() -> Evidence:
    """Two tasks in turn, that a slow and a fast weight have to share: the second costs what the first had gained."""
    first, second = (np.array([1.0, 1.0]), 1.0), (np.array([1.0, -1.0]), 3.0)
    rates, weights, losses = np.array([1e-3, 1e-1]), np.zeros(2), []
    for inputs, wanted in (first, second):
        for _ in range(2000):
            weights = weights - rates * 2 * (inputs @ weights - wanted) * inputs
        losses.append(float((first[0] @ weights - first[1]) ** 2))
    return Evidence(
        "a low rate for identity, a high one for prediction, prevents catastrophic forgetting",
        f"learning a second task raises the squared error on the first from {losses[0]:.0e} to {losses[1]:.1f}",
        losses[1] > 1 > losses[0],
    )


def _kept(optimizer: optax.GradientTransformation) -> int:
    """Numbers of state that go with the weights."""
    return sum(leaf.size for leaf in jax.tree.leaves(jax.eval_shape(optimizer.init, LAYER)) if leaf.size > 1)
