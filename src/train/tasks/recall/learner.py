"""Cross-entropy of the pairs that are asked for, and how many of them are named; all other tokens are as they come."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from train.config.cell import Cell
from train.data.raw.recall import NOTHING, drawn
from train.data.store import Store
from train.tasks.base import Sums, Task


class AssociativeRecall:
    """The task of one cell: see :class:`train.tasks.base.Learner`. An example is a sequence of pairs and queries."""

    def __init__(self, task: Task, cell: Cell) -> None:
        self.task, self.spec, self.recall = task, task.spec(cell), cell.dataset.recall

    def example_batch(self, count: int, *, training: bool) -> dict[str, np.ndarray]:
        """``count`` sequences as :func:`train.data.raw.recall.drawn` makes them."""
        batch = drawn(np.random.default_rng(0), count, self.recall)
        return batch if training else {**batch, "real": np.ones(count, bool)}

    def inputs(self, key: jax.Array, batch: dict[str, jax.Array], step: jax.Array | int = 0) -> Any:
        """The sequences and their answers; nothing is drawn."""
        return {"token": batch["token"].astype(jnp.int32), "answer": batch["answer"]}

    def train_loss(self, network: Callable, inputs: Any) -> tuple[jax.Array, Sums]:
        """Mean nats over all queries of the batch, and sums over them."""
        sums = answered(network, inputs["token"], inputs["answer"])
        return sums["loss"] / sums["count"], sums

    def measure(self, network: Callable, batch: dict[str, jax.Array], key: jax.Array) -> Sums:
        """Sums over the queries of the sequences that are real."""
        answer = jnp.where(batch["real"][:, None], batch["answer"], NOTHING)
        return answered(network, batch["token"].astype(jnp.int32), answer)

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


def answered(network: Callable, token: jax.Array, answer: jax.Array) -> Sums:
    """Sums over what is asked in ``token`` ``(B, length)``: nats of the answers, whether they are the likeliest token,
    and how many there are.
    """
    scores, asked = network(token), answer != NOTHING
    losses = optax.softmax_cross_entropy_with_integer_labels(scores, jnp.where(asked, answer, 0))
    return {
        "loss": jnp.where(asked, losses, 0.0).sum(),
        "accuracy": ((scores.argmax(-1) == answer) & asked).sum(dtype=jnp.float32),
        "count": asked.sum(dtype=jnp.float32),
    }
