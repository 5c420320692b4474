"""What must hold of dropout in its plain forms: of elements, maps, tokens and weights of attention."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from netspec.vocabulary import regularisers
from netspec.vocabulary.cases import Case, apart
from netspec.vocabulary.properties.regularisers.noise import (
    DRAWS,
    RATE,
    SHARE,
    drops,
    each_element,
    evaluates,
    noise,
    share,
    whole,
)
from netspec.vocabulary.term import Implementation, Mistake, Property, Term


def _elements(dropout: Implementation, case: Case) -> float:
    x = case.normal(100, 100) + 9
    return max(whole(dropout(x, RATE, case.key), x, ()), evaluates(dropout, x), apart(dropout(x, 0.0, case.key), x))


def _rows(embedding_dropout: Implementation, case: Case) -> float:
    table = case.normal(DRAWS, 2) + 9
    return max(whole(embedding_dropout(table, RATE, case.key), table, (1,)), evaluates(embedding_dropout, table))


def _maps(spatial_dropout: Implementation, case: Case) -> float:
    x = case.normal(100, 2, 1, 100) + 9
    return max(whole(spatial_dropout(x, RATE, case.key), x, (1, 2)), evaluates(spatial_dropout, x))


def _softmax(logits: np.ndarray) -> np.ndarray:
    scores = np.exp(logits - logits.max(-1, keepdims=True))
    return scores / scores.sum(-1, keepdims=True)


def _weights(attention_dropout: Implementation, case: Case) -> float:
    """Values of one token each show the weights."""
    logits, shown = case.normal(DRAWS, 4), np.eye(4)
    weights = _softmax(logits)
    in_training = whole(attention_dropout(logits, shown, RATE, case.key), weights, ())
    return max(in_training, apart(attention_dropout(logits, shown, RATE, deterministic=True), weights))


def _weights_mean(attention_dropout: Implementation, case: Case) -> float:
    """Many queries alike, of four keys: their mean is the attention without dropout; in deviations of that mean."""
    logits, values = case.normal(1, 4), case.normal(4, 4, seed=1)
    y = np.asarray(attention_dropout(np.broadcast_to(logits, (DRAWS, 4)), values, RATE, case.key))
    deviation = np.sqrt(RATE / (1 - RATE) * (_softmax(logits) ** 2 @ values**2) / DRAWS)
    return float((np.abs(y.mean(0) - _softmax(logits) @ values) / deviation).max())


def _as_rate(x: np.ndarray, rate: float, key: Any = None, *, deterministic: bool = False) -> np.ndarray:
    """Takes the rate as the probability to be kept."""
    return x if deterministic else x * noise(key, x.shape, rate) / rate


def _gaussian(x: np.ndarray, rate: float, key: Any = None, *, deterministic: bool = False) -> np.ndarray:
    """Multiplies by normal noise of the same mean and variance."""
    if deterministic:
        return x
    draw = np.random.default_rng(np.asarray(jax.random.key_data(key)))
    return x * (1 + (rate / (1 - rate)) ** 0.5 * draw.standard_normal(x.shape))


def _before_softmax(
    logits: np.ndarray, values: np.ndarray, rate: float, key: Any = None, *, deterministic: bool = False
) -> Any:
    keep = True if deterministic else noise(key, logits.shape, 1 - rate)
    return _softmax(np.where(keep, logits, -50.0)) @ values


def _unscaled_weights(
    logits: np.ndarray, values: np.ndarray, rate: float, key: Any = None, *, deterministic: bool = False
) -> Any:
    return drops(each_element, 1.0)(_softmax(logits), rate, key, deterministic=deterministic) @ values


def _columns(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (1, *shape[1:])


def _positions(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (*shape[:-1], 1)


def _channels_of_all(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (1,) * (len(shape) - 1) + shape[-1:]


def _first_alone(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (shape[0], *[1] * (len(shape) - 2), shape[-1])


TERMS = (
    Term(
        "embedding-dropout",
        regularisers.embedding_dropout,
        (
            Property(
                "A token's row is zero as a whole or divided by 1 − p; in evaluation the table stays.",
                _rows,
                1e-12,
                (
                    Mistake("single numbers of the table", drops(each_element)),
                    Mistake("columns of the table", drops(_columns)),
                    Mistake("no rescaling", drops(_positions, 1.0)),
                    Mistake("scaled down in evaluation", drops(_positions, None, 1 - RATE)),
                ),
            ),
            Property(
                "Of 10,000 tokens a share of p is dropped, and the mean stays, within four deviations.",
                share((DRAWS, 2)),
                SHARE,
                (
                    Mistake("the rate as the chance to be kept", _as_rate),
                    Mistake("no rescaling", drops(each_element, 1.0)),
                ),
            ),
        ),
    ),
    Term(
        "attention-dropout",
        regularisers.attention_dropout,
        (
            Property(
                "A weight of the softmax is zero or divided by 1 − p; in evaluation all stay.",
                _weights,
                1e-12,
                (
                    Mistake("before the softmax, so that rows sum to one", _before_softmax),
                    Mistake("no rescaling", _unscaled_weights),
                ),
            ),
            Property(
                "The mean over 10,000 equal queries is attention without dropout, within 4.5 of its deviations.",
                _weights_mean,
                4.5,
                (
                    Mistake("before the softmax, so that rows sum to one", _before_softmax),
                    Mistake("no rescaling", _unscaled_weights),
                ),
            ),
        ),
    ),
    Term(
        "dropout",
        regularisers.dropout,
        (
            Property(
                "An element is zero or divided by 1 − p; in evaluation, and with p = 0, nothing changes.",
                _elements,
                1e-12,
                (
                    Mistake("no rescaling", drops(each_element, 1.0)),
                    Mistake("scaled down in evaluation as well", drops(each_element, None, 1 - RATE)),
                    Mistake("normal noise of the same variance", _gaussian),
                    Mistake("whole examples", drops(_positions, 1 / RATE)),
                ),
            ),
            Property(
                "Of 10,000 elements a share of p is dropped, and the mean stays, within four deviations.",
                share((100, 100)),
                SHARE,
                (
                    Mistake("the rate as the chance to be kept", _as_rate),
                    Mistake("no rescaling", drops(each_element, 1.0)),
                    Mistake("one draw for all", drops(lambda shape: (1, 1))),
                ),
            ),
        ),
    ),
    Term(
        "spatial-dropout",
        regularisers.spatial_dropout,
        (
            Property(
                "A map is zero as a whole or divided by 1 − p, in each picture others; in evaluation all stay.",
                _maps,
                1e-12,
                (
                    Mistake("single elements", drops(each_element)),
                    Mistake("all channels of a position", drops(_positions)),
                    Mistake("the same maps in all pictures", drops(_channels_of_all)),
                    Mistake("no rescaling", drops(_first_alone, 1.0)),
                ),
            ),
            Property(
                "Of 10,000 maps a share of p is dropped, and the mean stays, within four deviations.",
                share((100, 2, 1, 100)),
                SHARE,
                (
                    Mistake("the rate as the chance to be kept", _as_rate),
                    Mistake("no rescaling", drops(each_element, 1.0)),
                ),
            ),
        ),
    ),
)
