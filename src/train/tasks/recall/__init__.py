"""Associative recall: the values of keys that were named before, which an attention finds only where it can look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netspec import NetSpec, SpecError
from train.config.cell import QUERIES, Cell, Recall
from train.config.models import model_of
from train.config.places import Places
from train.config.printable import escaped
from train.config.schema import ConfigError
from train.tasks.base import Metric, Task
from train.tasks.checks import check_causal, check_plain
from train.tasks.language import with_vocabulary


def _fitted(model: str, tokens: int, length: int) -> NetSpec:
    return with_vocabulary(model_of(model), tokens).with_tokens(length)


def spec(cell: Cell) -> NetSpec:
    """The language model with pairs and queries as tokens, for as many as a sequence has."""
    return _fitted(cell.model, cell.dataset.classes, cell.dataset.recall.length)


def check(cell: Mapping[str, Any], places: Places) -> None:
    """Raise :class:`ConfigError` unless the model is a language model with as many positions as a sequence has tokens
    that sees no later ones.
    """
    try:
        network = _fitted(cell["model"], cell["dataset"]["classes"], Recall(**cell["dataset"]["recall"]).length)
        network.output_shape  # noqa: B018 - what does not fit shows here
    except SpecError as error:
        raise ConfigError(f"{places.model}: key 'model': {escaped(str(error))}") from None
    check_causal(network, places)
    check_plain(cell, places)


RECALL = Task(
    name="recall",
    metrics=(
        Metric("accuracy", "values recalled", "%", "up"),
        Metric("loss", "loss at queries", "nats", "down"),
    ),
    spec=spec,
    check=check,
    learner="train.tasks.recall.learner:AssociativeRecall",
    reads=(QUERIES,),
    unit="sequences",
    tokens=lambda spec: spec.input_shape[0],
)
