"""Cross-entropy of the values that are asked for, and how many of them are named; all other tokens are as they come."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from train.config.cell import Cell
from train.data.recall import drawn
from train.data.store import Store
from train.tasks.base import Sums, Task


class AssociativeRecall:
    """The task of one cell: see :class:`train.tasks.base.Learner`. An example is a sequence of keys and values."""

    def __init__(self, task: Task, cell: Cell) -> None:
        self.task, self.spec, self.recall = task, task.spec(cell), cell.dataset.recall

    def example_batch(self, count: int, *, training: bool) -> dict[str, np.ndarray]:
        """``count`` sequences as :func:`train.data.recall.drawn` makes them."""
        batch = drawn(np.random.default_rng(0), count, self.recall, training=training)
        return batch if training else {**batch, "real": np.ones(count, bool)}

    def inputs(self, key: jax.Array, batch: dict[str, jax.Array], step: jax.Array | int = 0) -> Any:
        """The sequences and where queries begin; nothing is drawn."""
        return {"token": batch["token"].astype(jnp.int32), "first": batch["first"]}

    def train_loss(self, network: Callable, inputs: Any) -> tuple[jax.Array, Sums]:
        """Mean nats over all queries of the batch, and sums over them."""
        losses, hits, asked = answered(network, inputs["token"], inputs["first"])
        sums = _sums(losses, hits, asked)
        return sums["loss"] / sums["count"], sums

    def measure(self, network: Callable, batch: dict[str, jax.Array], key: jax.Array) -> Sums:
        """Sums over the queries of the sequences that are real."""
        losses, hits, asked = answered(network, batch["token"].astype(jnp.int32), batch["first"])
        return _sums(losses, hits, asked & batch["real"][:, None])

    def figures(self, sums: Sums) -> dict[str, float]:
        """Means per query."""
        count = float(sums["count"])
        return {"accuracy": 100 * float(sums["accuracy"]) / count, "loss": float(sums["loss"]) / count}

    def glance(self, run: Callable, store: Store) -> dict[str, float]:
        """Nothing further."""
        return {}

    def finish(self, run: Callable, store: Store) -> tuple[dict[str, float], dict[str, bytes]]:
        """Nothing further."""
        return {}, {}


def answered(network: Callable, token: jax.Array, first: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Nats of the value behind each key of ``token`` ``(B, length)``, whether it is the likeliest token, and whether
    it was asked for: all ``(B, length / 2)``. The score behind the last value is of nothing and left out.
    """
    scores, values = network(token)[:, ::2], token[:, 1::2]
    losses = optax.softmax_cross_entropy_with_integer_labels(scores, values)
    asked = jnp.arange(0, token.shape[1], 2) >= first[:, None]
    return losses, scores.argmax(-1) == values, asked


def _sums(losses: jax.Array, hits: jax.Array, asked: jax.Array) -> Sums:
    return {
        "loss": jnp.where(asked, losses, 0.0).sum(),
        "accuracy": (hits & asked).sum(dtype=jnp.float32),
        "count": asked.sum(dtype=jnp.float32),
    }
