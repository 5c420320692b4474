"""Detection for the loop: pictures and grids of targets in, the loss of YOLOv1, and what it is worth at the end."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from train.config.cell import Cell, sides
from train.data.augment import Knob, prepare_eval
from train.data.batches import eval_batches
from train.data.example import NOTHING
from train.data.store import Split, Store
from train.tasks.base import Sums, Task
from train.tasks.detection import boxes as geometry
from train.tasks.detection import findings
from train.tasks.detection.augment import augment
from train.tasks.detection.grid import Said, read, targets
from train.tasks.detection.head import BOXES
from train.tasks.detection.loss import TERMS, detection_loss
from train.tasks.detection.mosaic import mosaics
from train.tasks.detection.precision import Truth
from train.tasks.detection.suppress import Detections, suppressed

#: Objects that a made-up picture has room for, and pictures that are looked at together when all is done.
ROOM, AT_ONCE = 8, 64
#: Pictures that are looked at in each validation: with 100 that takes less than a twentieth of a run on digits.
PART = 100


class Detector:
    """The task of one cell: see :class:`train.tasks.base.Learner`."""

    def __init__(self, task: Task, cell: Cell) -> None:
        self.task, self.spec, self.data = task, task.spec(cell), cell.dataset
        self.augmentation, self.smoothing = cell.augmentation, cell.label_smoothing
        self.gamma = float(cell.task_settings.get("focal_gamma", 2.0))
        self.mosaics = float(cell.task_settings.get("mosaics", 0.0))
        self.grid = self.spec.output_shape[0], self.spec.output_shape[1]
        self.view = {"image_size": self.data.image_size, "mean": self.data.mean, "std": self.data.std}

    def example_batch(self, count: int, *, training: bool) -> dict[str, np.ndarray]:
        """``count`` random pictures ``uint8 (N, H, W, 3)`` of one object each; with ``real`` for validation."""
        generator = np.random.default_rng(0)
        size = self.data.stored_size if training else self.data.image_size
        boxes, labels = np.zeros((count, ROOM, 4), np.float32), np.full((count, ROOM), -1, np.int32)
        boxes[:, 0], labels[:, 0] = 0.5, generator.integers(0, self.data.classes, count)
        batch = {
            "image": generator.integers(0, 256, (count, *sides(size), 3), np.uint8),
            "boxes": boxes,
            "box-class": labels,
            "difficult": np.zeros((count, ROOM), bool),
        }
        return batch if training else {**batch, "real": np.ones(count, bool)}

    def inputs(self, key: jax.Array, batch: dict[str, jax.Array], step: jax.Array | int = 0) -> Any:
        """Augmented pictures ``float32 (N, H, W, 3)`` and their :class:`train.tasks.detection.grid.Targets`."""
        images, boxes, labels = augment(
            key, batch["image"], batch["boxes"], batch["box-class"], self.augmentation, **self.view
        )
        difficult = batch["difficult"]
        if self.mosaics:
            own = jax.random.fold_in(key, Knob.MOSAIC)
            images, boxes, labels, difficult = mosaics(own, images, boxes, labels, difficult, self.mosaics)
        return images, self._targets(boxes, labels, difficult)

    def train_loss(self, network: Callable, inputs: Any) -> tuple[jax.Array, Sums]:
        """Mean over the pictures, and the sums of the loss and of each of its terms."""
        images, wanted = inputs
        terms = detection_loss(read(network(images), BOXES), wanted, self.gamma, self.smoothing)
        losses = sum(terms.values())
        sums = {name: terms[name].sum() for name in TERMS}
        return losses.mean(), {"loss": losses.sum(), **sums, "count": jnp.float32(len(images))}

    def measure(self, network: Callable, batch: dict[str, jax.Array], key: jax.Array) -> Sums:
        """Sums of the loss over the pictures that are ``real``, and of what is right of their objects."""
        said = read(network(prepare_eval(batch["image"], **self.view)), BOXES)
        wanted = self._targets(batch["boxes"], batch["box-class"], batch["difficult"])
        losses = sum(detection_loss(said, wanted, self.gamma).values())
        real = batch["real"]
        counted = wanted.object & real[:, None, None]
        return {
            "loss": jnp.where(real, losses, 0.0).sum(),
            "iou": jnp.where(counted, geometry.iou(_surest(said), wanted.box), 0.0).sum(),
            "accuracy": (counted & (said.classes.argmax(-1) == wanted.label)).sum(dtype=jnp.float32),
            "objects": counted.sum(dtype=jnp.float32),
            "count": real.sum(dtype=jnp.float32),
        }

    def figures(self, sums: Sums) -> dict[str, float]:
        """Means over the pictures; in validation, too, over the cells with an object: ``iou`` of the surest box with
        it, and ``accuracy`` of the class in percent.
        """
        means = {name: float(sums[name]) / float(sums["count"]) for name in ("loss", *TERMS) if name in sums}
        if "objects" in sums:
            objects = max(float(sums["objects"]), 1.0)
            means |= {"iou": float(sums["iou"]) / objects, "accuracy": 100 * float(sums["accuracy"]) / objects}
        return means

    def glance(self, run: Callable, store: Store) -> dict[str, float]:
        """mAP@0.5 of the first :data:`PART` validation pictures, in percent."""
        some = Split({name: array[:PART] for name, array in store.val.arrays.items()})
        pictures, _ = self._seen(run, some)
        return {"map50_part": findings.map50(pictures, len(store.class_names), sides(self.data.image_size))}

    def finish(self, run: Callable, store: Store) -> tuple[dict[str, float], dict[str, bytes]]:
        """Average precisions in percent, mean objectness, and the files of the task."""
        pictures, cells = self._seen(run, store.val)
        rows = findings.table(pictures, store.class_names, sides(self.data.image_size))
        shown = findings.chosen(pictures)
        files = {
            "detections.json": findings.detections_file(shown, pictures, store.class_names),
            "pictures.png": findings.pictures_file(shown, pictures, store.val["image"], store.class_names),
            "classes.csv": findings.csv_file(rows),
            "calibration.csv": findings.csv_file(findings.calibration(cells)),
        }
        return {**findings.means(rows), **findings.objectness(cells)}, files

    def look(self, network: Callable, images: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Boxes ``(N, M, 4)`` of pictures ``uint8 (N, H, W, 3)`` and scores ``(N, M, classes)``, all M of a grid.

        A score is the objectness of the box times the probability of the class in its cell.
        """
        return self._ranked(read(network(prepare_eval(images, **self.view)), BOXES))

    def _judge(self, network: Callable, batch: dict[str, jax.Array]) -> tuple[Any, ...]:
        """What :meth:`look` gives, and the parts of :class:`findings.Cells`, with ignored ones."""
        said = read(network(prepare_eval(batch["image"], **self.view)), BOXES)
        wanted = self._targets(batch["boxes"], batch["box-class"], batch["difficult"])
        hit = wanted.object & (geometry.iou(_surest(said), wanted.box) >= findings.HIT)
        objectness = jax.nn.sigmoid(said.objectness.max(-1))
        return *self._ranked(said), objectness, wanted.object, hit, wanted.ignored

    def _seen(self, run: Callable, split: Split) -> tuple[list[tuple[Detections, Truth]], findings.Cells]:
        """Detections and truth of every picture of a validation split, and all its cells."""
        pictures, cells = [], []
        for batch in eval_batches(split, batch_size=min(AT_ONCE, len(split))):
            real = batch.pop("real")
            boxes, scores, *of_cells, ignored = (np.asarray(part)[real] for part in run(self._judge, batch))
            cells.append([part[~ignored] for part in of_cells])
            for row in range(len(boxes)):
                there = batch["box-class"][row] != NOTHING
                truth = Truth(*(batch[name][row][there] for name in ("boxes", "box-class", "difficult")))
                pictures.append((suppressed(boxes[row], scores[row]), truth))
        return pictures, findings.Cells(*map(np.concatenate, zip(*cells, strict=True)))

    @staticmethod
    def _ranked(said: Said) -> tuple[jax.Array, jax.Array]:
        scores = jax.nn.sigmoid(said.objectness)[..., None] * jax.nn.softmax(said.classes)[..., None, :]
        count = len(scores)
        return said.boxes.reshape(count, -1, 4), scores.reshape(count, -1, scores.shape[-1])

    def _targets(self, boxes: jax.Array, labels: jax.Array, difficult: jax.Array) -> Any:
        return jax.vmap(partial(targets, grid=self.grid))(boxes, labels, difficult)


def _surest(said: Said) -> jax.Array:
    """Of every cell the box ``(…, 4)`` with the largest objectness."""
    best = said.objectness.argmax(-1)[..., None, None]
    return jnp.take_along_axis(said.boxes, best, -2)[..., 0, :]
