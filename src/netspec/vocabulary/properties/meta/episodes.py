"""What must hold of classes learned from a few examples."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from scipy.special import log_softmax, softmax

from netspec.vocabulary import meta
from netspec.vocabulary.cases import Case, apart, wrong
from netspec.vocabulary.programs import compiled
from netspec.vocabulary.term import Implementation, Mistake, Property, Term

LABELS = np.array([0, 1, 2, 0, 1, 0])


def _episode(case: Case) -> tuple[np.ndarray, np.ndarray]:
    return case.normal(4, case.channels), case.normal(len(LABELS), case.channels, seed=1)


def _nearest(classify: Implementation, case: Case) -> float:
    """The class whose mean is nearest."""
    query, support = _episode(case)
    means = [np.mean(support[label == LABELS], axis=0) for label in range(3)]
    distances = [[np.linalg.norm(each - mean) for mean in means] for each in query]
    found = np.asarray(compiled(classify, 3)(query, support, LABELS, 3))
    return wrong(np.argmax(found, axis=1) == np.argmin(distances, axis=1))


def _linear_classifier(classify: Implementation, case: Case) -> float:
    """Weights of twice the means, biases of minus their squares."""
    query, support = _episode(case)
    means = np.stack([support[label == LABELS].mean(0) for label in range(3)])
    expected = log_softmax(2 * query @ means.T - np.sum(means**2, axis=1), axis=1)
    return apart(compiled(classify, 3)(query, support, LABELS, 3), expected)


def _classified(kind: str) -> Implementation:
    def classify(query: Any, support: Any, labels: Any, classes: int) -> Any:
        how = np.sum if kind == "sum" else np.mean
        means = np.stack([how(support[labels == label], axis=0) for label in range(classes)])
        distances = np.linalg.norm(query[:, None] - means, axis=-1)
        return log_softmax(query @ means.T if kind == "product" else -distances, axis=1)

    return classify


PROTOTYPES = Term(
    "protonet",
    meta.prototypical,
    (
        Property(
            "The most probable class is that of the nearest mean.",
            _nearest,
            0.0,
            (
                Mistake("sums in place of means", _classified("sum")),
                Mistake("inner products in place of distances", _classified("product")),
            ),
        ),
        Property(
            "It is a linear classifier with weights 2 c and biases −‖c‖².",
            _linear_classifier,
            1e-12,
            (Mistake("distances that are not squared", _classified("distance")),),
        ),
    ),
)


def _matched(query: Any, support: Any, labels: Any, temperature: float, kind: str = "") -> Any:
    """Example by example in numpy."""
    out = []
    for one in query:
        scores = np.array([one @ each for each in support])
        if kind != "product":
            scores = scores / np.array([np.linalg.norm(one) * np.linalg.norm(each) for each in support])
        out.append(softmax(scores * temperature if kind == "times" else scores / temperature) @ labels)
    return np.stack(out)


def _one_hot() -> np.ndarray:
    return np.eye(3)[LABELS]


def _by_example(match: Implementation, case: Case) -> float:
    query, support = _episode(case)
    return apart(compiled(match)(query, support, _one_hot(), 0.5), _matched(query, support, _one_hot(), 0.5))


def _any_length(match: Implementation, case: Case) -> float:
    """Embeddings of other lengths, and rows that sum to one."""
    query, support = _episode(case)
    run = compiled(match)
    found = np.asarray(run(query, support, _one_hot(), 0.5))
    longer = run(3 * query, support * case.uniform(len(LABELS), 1, low=0.5, high=2.0, seed=2), _one_hot(), 0.5)
    return max(apart(longer, found), apart(found.sum(1), np.ones(4)))


MATCHING = Term(
    "matching-network",
    meta.matching_network,
    (
        Property(
            "Each example lends its label by the softmax of its cosine.",
            _by_example,
            1e-12,
            (Mistake("times the temperature", partial(_matched, kind="times")),),
        ),
        Property(
            "Lengths of embeddings change nothing, and what comes out is a distribution.",
            _any_length,
            1e-12,
            (Mistake("inner products in place of cosines", partial(_matched, kind="product")),),
        ),
    ),
)
