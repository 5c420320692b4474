"""Cross-entropy per pixel; figures from the one table of what is there against what is said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from train.config.cell import Cell, sides
from train.data.augment.base import centre_crop, flip, normalise, random_crop, to_unit
from train.data.example import VOID
from train.data.store import Store
from train.tasks.base import Sums, Task
from train.tasks.segmentation.overlap import dice, intersection_over_union, table_of
from train.tasks.segmentation.pictures import sheet

#: Pictures that are computed at a time when all is done, and how many of each kind are shown.
AT_ONCE, SHOWN = 64, 4


class Segmenter:
    """The task of one cell: see :class:`train.tasks.base.Learner`. Masks are cropped and flipped as their pictures."""

    def __init__(self, task: Task, cell: Cell) -> None:
        self.task, self.spec, self.data = task, task.spec(cell), cell.dataset
        self.augmentation = cell.augmentation

    def example_batch(self, count: int, *, training: bool) -> dict[str, np.ndarray]:
        """``count`` random pictures ``uint8 (B, H, W, 3)`` with ``mask`` ``uint8 (B, H, W)``."""
        generator, size = np.random.default_rng(0), sides(self.data.stored_size if training else self.data.image_size)
        batch = {
            "image": generator.integers(0, 256, (count, *size, 3), np.uint8),
            "mask": generator.integers(0, self.data.classes, (count, *size), np.uint8),
        }
        return batch if training else {**batch, "real": np.ones(count, bool)}

    def inputs(self, key: jax.Array, batch: dict[str, jax.Array], step: jax.Array | int = 0) -> Any:
        """Pictures ``float32 (B, height, width, 3)`` and their masks ``int32 (B, height, width)``."""
        both = jnp.concatenate([batch["image"], batch["mask"][..., None]], -1)
        crop_key, flip_key = jax.random.split(key)
        size = self.data.image_size
        both = random_crop(crop_key, both, size) if self.augmentation.random_crop else centre_crop(both, size)
        if self.augmentation.horizontal_flip:
            both = flip(flip_key, both)
        return self._normalised(both[..., :3]), both[..., 3].astype(jnp.int32)

    def train_loss(self, network: Callable, inputs: Any) -> tuple[jax.Array, Sums]:
        """Mean over all pixels that are of a class, and its sum as if every picture had as many."""
        images, mask = inputs
        known = mask != VOID
        loss = jnp.where(known, losses(network(images), mask), 0.0).sum() / jnp.maximum(known.sum(), 1)
        return loss, {"loss": loss * len(mask), "count": jnp.float32(len(mask))}

    def measure(self, network: Callable, batch: dict[str, jax.Array], key: jax.Array) -> Sums:
        """The loss over pixels of pictures that are ``real``, and how many of each class are said to be of which."""
        scores = network(self._normalised(centre_crop(batch["image"], self.data.image_size)))
        mask = batch["mask"].astype(jnp.int32)
        known = (mask != VOID) & batch["real"][:, None, None]
        return {
            "loss": jnp.where(known, losses(scores, mask), 0.0).sum(),
            "count": known.sum(dtype=jnp.float32),
            "table": table_of(mask, scores.argmax(-1), known, self.data.classes),
        }

    def figures(self, sums: Sums) -> dict[str, float]:
        """The mean loss; in percent, both overlaps as means over classes, and the share of pixels that are right."""
        loss = float(sums["loss"]) / max(float(sums["count"]), 1.0)
        if "table" not in sums:
            return {"loss": loss}
        table = np.asarray(sums["table"], np.float64)
        return {
            "miou": 100 * float(np.nanmean(intersection_over_union(table))),
            "dice": 100 * float(np.nanmean(dice(table))),
            "accuracy": 100 * float(np.trace(table) / table.sum()),
            "loss": loss,
        }

    def glance(self, run: Callable, store: Store) -> dict[str, float]:
        """Nothing further."""
        return {}

    def finish(self, run: Callable, store: Store) -> tuple[dict[str, float], dict[str, bytes]]:
        """Both overlaps of every class, and pictures beside truth, prediction and error: best, middling and worst."""
        said = np.concatenate([np.asarray(part) for part in self._predicted(run, store)])
        truth, classes = np.asarray(store.val["mask"]), self.data.classes
        tables = np.stack([_table(t, s, classes) for t, s in zip(truth, said, strict=True)])
        whole = tables.sum(0)
        rows = [
            f"{name},{int(whole[index].sum())},{100 * iou:.4f},{100 * share:.4f}"
            for index, (name, iou, share) in enumerate(
                zip(store.class_names, intersection_over_union(whole), dice(whole), strict=True)
            )
        ]
        order = np.argsort([np.nanmean(intersection_over_union(table)) for table in tables], kind="stable")[::-1]
        middle = (len(order) - SHOWN) // 2
        chosen = [*order[:SHOWN], *order[max(middle, 0) :][:SHOWN], *order[-SHOWN:]]
        picture = sheet(*(np.asarray(part)[chosen] for part in (store.val["image"], truth, said)))
        return {}, {
            "classes.csv": ("\n".join(["class,pixels,iou,dice", *rows]) + "\n").encode(),
            "pictures.png": picture,
        }

    def _predicted(self, run: Callable, store: Store) -> Iterator[jax.Array]:
        for at in range(0, len(store.val), AT_ONCE):
            wanted = np.arange(at, min(at + AT_ONCE, len(store.val)))
            images = store.val["image"][np.resize(wanted, AT_ONCE)]
            yield run(self.predict, images)[: len(wanted)]

    def predict(self, network: Callable, images: jax.Array) -> jax.Array:
        """The likeliest class of every pixel, ``uint8 (B, height, width)``, of such pictures of three channels."""
        return network(self._normalised(images)).argmax(-1).astype(jnp.uint8)

    def _normalised(self, images: jax.Array) -> jax.Array:
        return normalise(to_unit(images), self.data.mean, self.data.std)


def losses(scores: jax.Array, mask: jax.Array) -> jax.Array:
    """Nats of every pixel's class ``(B, H, W)`` under scores ``(B, H, W, classes)``; of no class, those of class 0."""
    return optax.softmax_cross_entropy_with_integer_labels(scores, jnp.where(mask == VOID, 0, mask))


def _table(truth: np.ndarray, said: np.ndarray, classes: int) -> np.ndarray:
    known = truth != VOID
    pairs = truth[known].astype(np.int64) * classes + said[known]
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes)
