"""Pictures of what the network is shown."""

from __future__ import annotations

from pathlib import Path

import jax
import numpy as np
from PIL import Image

from netspec.ownership import write_all
from train.config.cell import Cell, sides
from train.config.schema import ConfigError
from train.data.png import png
from train.data.store import Store
from train.tasks import learner_of

GAP = 2  # white pixels between samples, before enlarging


def preview(cell: Cell, store: Store, path: Path, *, rows: int, columns: int, seed: int) -> None:
    """Write a PNG grid of ``rows × columns`` augmented training samples.

    Cells previewed with the same seed show the same images under the same crops, so they can be compared. Raises
    :class:`ConfigError` for a task that is shown something else.
    """
    wanted = rows * columns
    # At least a training batch: Mixup and CutMix take their partners from the batch.
    chosen = np.random.default_rng(seed).permutation(len(store.train))[: max(wanted, cell.batch_size)]
    batch = store.train.gather(np.resize(chosen, max(wanted, cell.batch_size)), draw=(seed, 0))
    # It runs once: optimising its code takes longer than what that saves.
    options = {"xla_backend_optimization_level": 0} if jax.default_backend() == "cpu" else None
    views = jax.jit(learner_of(cell).inputs, compiler_options=options)(jax.random.key(seed), batch)
    if not isinstance(views, tuple) or len(views) != 2:
        raise ConfigError(f"{cell.name}: task {cell.task} has no augmented pictures to show, expected another cell")
    images = views[0]
    pixels = np.asarray(images)[:wanted] * np.array(cell.dataset.std) + np.array(cell.dataset.mean)
    height, width = sides(cell.dataset.image_size)
    sheet = np.full((rows * (height + GAP) - GAP, columns * (width + GAP) - GAP, 3), 255, np.uint8)
    for index, sample in enumerate(np.clip(pixels * 255, 0, 255).astype(np.uint8)):
        top, left = (index // columns) * (height + GAP), (index % columns) * (width + GAP)
        sheet[top : top + height, left : left + width] = sample
    picture = Image.fromarray(sheet)
    enlarge = max(1, 64 // max(height, width))
    picture = picture.resize((picture.width * enlarge, picture.height * enlarge), Image.Resampling.NEAREST)
    write_all({path: png(picture)})
