"""Classification of pictures: one label for each, judged by the share of validation pictures that get theirs."""

from netspec import NetSpec
from train.config.cell import Cell
from train.config.models import model_of
from train.tasks.base import Metric, Task


def spec(cell: Cell) -> NetSpec:
    """The network with as many classes as the data set has."""
    return model_of(cell.model).with_classes(cell.dataset.classes)


CLASSIFICATION = Task(
    name="classification",
    metrics=(
        Metric("top1", "top-1", "%", "up"),
        Metric("top5", "top-5", "%", "up"),
        Metric("loss", "cross-entropy", "nats", "down"),
    ),
    spec=spec,
    learner="train.tasks.classification.learner:Classifier",
)
