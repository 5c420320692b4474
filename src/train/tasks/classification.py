"""What the loop does not know: how a batch becomes inputs, what the loss is, what is measured.

A task has ``inputs(key, batch, step)``, what a training step is given; ``train_loss(network, inputs)`` and
``measure(network, batch)``, both returning sums over examples with their ``count``; and ``metrics(sums)``, which turns
sums into the figures that are written down.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import optax

import netspec
from train.config.cell import Cell
from train.data.augment import augment_batch, prepare_eval


class Classification:
    """Softmax cross-entropy on smoothed and possibly mixed labels; top-1 and top-5 on validation.

    Pictures have three channels; a network that takes one is given their mean after normalisation and augmentation.
    """

    headline = "top1"

    def __init__(self, cell: Cell):
        data = cell.dataset
        self.augmentation = cell.augmentation
        self.top = min(5, data.classes)
        self.view = {"image_size": data.image_size, "mean": data.mean, "std": data.std}
        self.labels = {"classes": data.classes, "label_smoothing": cell.label_smoothing}
        self.grey = netspec.find(cell.model).input_shape[-1] == 1

    def inputs(self, key, batch, step=0):
        """Augmented images ``float32 (B, H, W, C)``, C as the network takes it, and soft targets ``(B, classes)``."""
        images, targets = augment_batch(
            key, batch["image"], batch["label"], self.augmentation, step=step, **self.view, **self.labels
        )
        return self._channels(images), targets

    def train_loss(self, network, inputs):
        """Mean loss of augmented inputs and their sums; accuracy is against the heavier label of a mixed target."""
        images, targets = inputs
        logits = network(images)
        losses = optax.softmax_cross_entropy(logits, targets)
        hits = logits.argmax(-1) == targets.argmax(-1)
        return losses.mean(), {"loss": losses.sum(), "accuracy": hits.sum(), "count": jnp.float32(losses.shape[0])}

    def measure(self, network, batch):
        """Sums over the images of ``batch`` whose ``mask`` is true; the loss is plain cross-entropy."""
        logits = network(self._channels(prepare_eval(batch["image"], **self.view)))
        labels, mask = batch["label"], batch["mask"]
        losses = optax.softmax_cross_entropy_with_integer_labels(logits, labels)
        best = jax.lax.top_k(logits, self.top)[1] == labels[:, None]
        return {
            "loss": jnp.where(mask, losses, 0.0).sum(),
            "top1": (best[:, 0] & mask).sum(dtype=jnp.float32),
            "top5": (best.any(-1) & mask).sum(dtype=jnp.float32),
            "count": mask.sum(dtype=jnp.float32),
        }

    def metrics(self, sums: dict[str, float]) -> dict[str, float]:
        """Means over the examples; accuracies in percent."""
        percent = {"accuracy", "top1", "top5"}
        return {
            name: float(value) / float(sums["count"]) * (100.0 if name in percent else 1.0)
            for name, value in sums.items()
            if name != "count"
        }

    def _channels(self, images):
        return images.mean(-1, keepdims=True) if self.grey else images
