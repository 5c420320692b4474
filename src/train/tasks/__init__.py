"""What a network learns: the tasks by the name that a recipe gives as ``task``. The loop knows none of them."""

from train.config.cell import Cell
from train.tasks.base import Learner, Metric, Task
from train.tasks.classification import CLASSIFICATION

__all__ = ["TASKS", "Learner", "Metric", "Task", "learner_of", "task_of"]

TASKS = {task.name: task for task in (CLASSIFICATION,)}


def task_of(cell: Cell) -> Task:
    """The task that a cell names."""
    return TASKS[cell.task]


def learner_of(cell: Cell) -> Learner:
    """What the loop is given to train a cell."""
    return task_of(cell).learn(cell)
