"""Language: the next token of a text, judged by the mean surprise at the tokens of a text that was held out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from netspec import NetSpec, SpecError
from netspec.layers import LMHead, TokenPositionEmbed
from train.config.cell import NEXT, Cell
from train.config.models import model_of
from train.config.places import Places
from train.config.printable import escaped
from train.config.schema import ConfigError
from train.tasks.base import Metric, Task
from train.tasks.checks import check_causal, check_plain

if TYPE_CHECKING:
    from train.data.store import Store

#: How many times as many tokens as it was trained on a network may be judged at.
LONGER = (2, 4, 8)


def with_vocabulary(network: NetSpec, tokens: int) -> NetSpec:
    """The same language model of another alphabet. Raises :class:`SpecError` where it is none."""
    first, *body, last = network.layers if len(network.layers) > 1 else (None, None)
    if not isinstance(first, TokenPositionEmbed) or not isinstance(last, LMHead):
        raise SpecError(
            f"{network.name}: begins with {first} and ends in {last}, expected TokenPositionEmbed and LMHead"
        )
    if first.vocabulary == last.vocabulary == tokens:
        return network
    layers = replace(first, vocabulary=tokens), *body, replace(last, vocabulary=tokens)
    return replace(network, layers=layers)


def spec(cell: Cell) -> NetSpec:
    """The network with as many tokens as the text has."""
    return with_vocabulary(model_of(cell.model), cell.dataset.classes)


def check(cell: Mapping[str, Any], places: Places) -> None:
    """Raise :class:`ConfigError` unless the model is a language model that does not see what it is to predict."""
    try:
        network = with_vocabulary(model_of(cell["model"]), cell["dataset"]["classes"])
    except SpecError as error:
        raise ConfigError(f"{places.model}: key 'model': {escaped(str(error))}") from None
    check_causal(network, places)
    check_plain(cell, places)


def examples(cell: Cell, store: Store) -> Store:
    """Windows as long as the network has positions: any to train on, and those that score every held-out token.

    Raises :class:`ConfigError` for a text that is shorter than one.
    """
    from train.data.windows import any_window, every_token

    length = spec(cell).input_shape[0]
    for split in ("train", "val"):
        if (found := len(getattr(store, split))) <= length + 1:
            raise ConfigError(
                f"data set {cell.dataset.name}: {found} tokens in {split}, expected more than the {length + 1} that "
                f"{cell.model} is trained on at a time"
            )
    return replace(
        store,
        train=any_window(store.train["token"], length),
        val=every_token(store.val["token"], length),
    )


LANGUAGE = Task(
    name="language",
    metrics=(
        Metric("loss", "held-out loss", "nats", "down"),
        Metric("bits", "held-out loss", "bits", "down"),
        Metric("block_loss", "loss over disjoint blocks", "nats", "down"),
        Metric("accuracy", "tokens predicted", "%", "up"),
        *(Metric(f"loss_x{factor}", f"loss at {factor} × the tokens", "nats", "down") for factor in LONGER),
    ),
    spec=spec,
    check=check,
    learner="train.tasks.language.learner:LanguageModel",
    files=("baselines.json", "positions.csv", "samples.json"),
    reads=(NEXT,),
    examples=examples,
    unit="windows",
    tokens=lambda spec: spec.input_shape[0],
    sample="train.tasks.language.sample:sample",
)
