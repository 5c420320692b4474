"""What a network learns: the tasks by the name that a recipe gives as ``task``. The loop knows none of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from train.config.cell import Cell
from train.tasks.base import Learner, Metric, Task
from train.tasks.classification import CLASSIFICATION
from train.tasks.detection import DETECTION
from train.tasks.diffusion import DIFFUSION
from train.tasks.language import LANGUAGE
from train.tasks.recall import RECALL
from train.tasks.segmentation import SEGMENTATION

if TYPE_CHECKING:
    from train.data.store import Store

__all__ = ["TASKS", "Learner", "Metric", "Task", "learner_of", "opened", "task_of"]

TASKS = {task.name: task for task in (CLASSIFICATION, LANGUAGE, SEGMENTATION, DIFFUSION, DETECTION, RECALL)}


def task_of(cell: Cell) -> Task:
    """The task that a cell names."""
    return TASKS[cell.task]


def learner_of(cell: Cell) -> Learner:
    """What the loop is given to train a cell."""
    return task_of(cell).learn(cell)


def opened(cell: Cell, folder: Path) -> Store:
    """The examples that a cell is trained and judged on, in the prepared store of ``folder``.

    Raises :class:`train.config.schema.ConfigError` as :func:`train.data.store.open_store` does.
    """
    from train.data.store import open_store

    store, task = open_store(folder, cell.dataset, cell.augmentation.random_resized_crop), task_of(cell)
    return store if task.examples is None else task.examples(cell, store)
