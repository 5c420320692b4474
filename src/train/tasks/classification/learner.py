"""A loss, by default softmax cross-entropy, on smoothed and possibly mixed labels; top-1 and top-5 on validation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from train.config.cell import Cell, sides
from train.data.augment import augment_batch, prepare_eval
from train.data.store import Store
from train.tasks.base import Sums, Task
from train.tasks.classification.losses import LOSSES

#: Figures that are shares of the examples.
PERCENT = {"accuracy", "top1", "top5"}


class Classifier:
    """The task of one cell: see :class:`train.tasks.base.Learner`.

    Pictures have three channels; a network that takes one is given their mean after normalisation and augmentation.
    """

    def __init__(self, task: Task, cell: Cell) -> None:
        self.task, self.spec, self.data = task, task.spec(cell), cell.dataset
        self.augmentation = cell.augmentation
        self.top = min(5, cell.dataset.classes)
        self.view = {"image_size": self.data.image_size, "mean": self.data.mean, "std": self.data.std}
        self.labels = {"classes": self.data.classes, "label_smoothing": cell.label_smoothing}
        self.loss = LOSSES[cell.task_settings.get("loss", "cross-entropy")]
        self.grey = self.spec.input_shape[-1] == 1

    def example_batch(self, count: int, *, training: bool) -> dict[str, np.ndarray]:
        """``count`` random pictures ``uint8 (B, H, W, 3)`` and labels ``int32 (B,)``; with ``real`` for validation."""
        generator = np.random.default_rng(0)
        size = self.data.stored_size if training and self.data.store == "array" else self.data.image_size
        batch = {
            "image": generator.integers(0, 256, (count, *sides(size), 3), np.uint8),
            "label": generator.integers(0, self.data.classes, count, np.int32),
        }
        return batch if training else {**batch, "real": np.ones(count, bool)}

    def inputs(self, key: jax.Array, batch: dict[str, jax.Array], step: jax.Array | int = 0) -> Any:
        """Augmented images ``float32 (B, H, W, C)``, C as the network takes it, and soft targets ``(B, classes)``."""
        images, targets = augment_batch(
            key, batch["image"], batch["label"], self.augmentation, step=step, **self.view, **self.labels
        )
        return self._channels(images), targets

    def train_loss(self, network: Callable, inputs: Any) -> tuple[jax.Array, Sums]:
        """Mean loss of augmented inputs and their sums; accuracy is against the heavier label of a mixed target."""
        images, targets = inputs
        logits = network(images)
        losses = self.loss(logits, targets)
        hits = logits.argmax(-1) == targets.argmax(-1)
        return losses.mean(), {"loss": losses.sum(), "accuracy": hits.sum(), "count": jnp.float32(losses.shape[0])}

    def measure(self, network: Callable, batch: dict[str, jax.Array], key: jax.Array) -> Sums:
        """Sums over the images of ``batch`` that are ``real``; the loss is plain cross-entropy."""
        logits = network(self._channels(prepare_eval(batch["image"], **self.view)))
        labels, real = batch["label"], batch["real"]
        losses = optax.softmax_cross_entropy_with_integer_labels(logits, labels)
        best = jax.lax.top_k(logits, self.top)[1] == labels[:, None]
        return {
            "loss": jnp.where(real, losses, 0.0).sum(),
            "top1": (best[:, 0] & real).sum(dtype=jnp.float32),
            "top5": (best.any(-1) & real).sum(dtype=jnp.float32),
            "count": real.sum(dtype=jnp.float32),
        }

    def chances(self, network: Callable, images: jax.Array) -> jax.Array:
        """Of every class, ``(B, classes)``, for pictures ``uint8 (B, H, W, 3)``."""
        return jax.nn.softmax(network(self._channels(prepare_eval(images, **self.view))), -1)

    def figures(self, sums: Sums) -> dict[str, float]:
        """Means over the examples; accuracies in percent."""
        return {
            name: float(value) / float(sums["count"]) * (100.0 if name in PERCENT else 1.0)
            for name, value in sums.items()
            if name != "count"
        }

    def glance(self, run: Callable, store: Store) -> dict[str, float]:
        """Nothing further."""
        return {}

    def finish(self, run: Callable, store: Store) -> tuple[dict[str, float], dict[str, bytes]]:
        """Nothing further: all figures are sums over pictures."""
        return {}, {}

    def _channels(self, images: jax.Array) -> jax.Array:
        return images.mean(-1, keepdims=True) if self.grey else images
