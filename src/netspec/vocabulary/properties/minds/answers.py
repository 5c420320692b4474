"""What must hold of deciding what to say."""

from __future__ import annotations

from typing import Any

import numpy as np

from netspec.vocabulary import minds
from netspec.vocabulary.cases import Case, wrong
from netspec.vocabulary.programs import compiled
from netspec.vocabulary.term import Implementation, Mistake, Property, Term


def _one_by_one(decide: Implementation, case: Case) -> float:
    confidence, uncertainty = case.uniform(40, low=0.6), case.uniform(40, high=0.4, seed=1)
    found = np.asarray(compiled(decide)(confidence, uncertainty))
    expected = [c > 0.8 and u < 0.2 for c, u in zip(confidence, uncertainty, strict=True)]
    return wrong(found.shape == (40,) and np.array_equal(found, expected))


def _monotone(decide: Implementation, case: Case) -> float:
    """More confidence and less uncertainty never turn an answer into silence, and at the threshold it is silent."""
    confidence, uncertainty = case.uniform(40, low=0.6), case.uniform(40, high=0.4, seed=1)
    run = compiled(decide)
    before, after = (np.asarray(run(*pair)) for pair in ((confidence, uncertainty), (confidence**0.5, uncertainty**2)))
    edge = np.asarray(run(np.full(40, 0.8), np.full(40, 0.1)))
    return wrong(np.shape(before) == (40,) and np.all(before <= after) and not edge.any())


def _whole_batch(confidence: Any, uncertainty: Any) -> Any:
    """One verdict, of the means."""
    return np.full(len(confidence), confidence.mean() > 0.8 and uncertainty.mean() < 0.2)


def _either(confidence: Any, uncertainty: Any) -> Any:
    return (confidence > 0.8) | (uncertainty < 0.2)


def _inclusive(confidence: Any, uncertainty: Any) -> Any:
    return (confidence >= 0.8) & (uncertainty <= 0.2)


def _once(explaining: Implementation, case: Case) -> float:
    """In a conversation of several messages each concept is explained when it comes up first."""
    run, known = compiled(explaining), set(case.rng(1).integers(0, 6, 2).tolist())
    shared = np.array([concept in known for concept in range(6)])
    for seed in range(4):
        message = case.rng(seed + 2).integers(0, 6, 3)
        expected = []
        for concept in message.tolist():
            expected.append(concept not in known)
            known.add(concept)
        needed, shared = (np.asarray(each) for each in run(shared, message))
        if needed.tolist() != expected or {n for n in range(6) if shared[n]} != known:
            return 1.0
    return 0.0


def _added(shared: Any, message: Any) -> Any:
    """Knowledge as numbers that messages add to, and a concept sought among those numbers."""
    total = np.asarray(shared, float)
    return np.array([concept not in total for concept in message]), total + np.isin(np.arange(len(total)), message)


def _from_before(shared: Any, message: Any) -> Any:
    """What the message itself has said before does not count."""
    return ~shared[message], shared | np.isin(np.arange(len(shared)), message)


def _forgetful(shared: Any, message: Any) -> Any:
    needed, _ = compiled(minds.explain)(shared, message)
    return needed, shared


TERMS = (
    Term(
        "meta-cognition",
        minds.answer_or_defer,
        (
            Property(
                "Each example has the verdict of its own two numbers.",
                _one_by_one,
                0.0,
                (
                    Mistake("one verdict for the batch", _whole_batch),
                    Mistake("one of both conditions is enough", _either),
                ),
            ),
            Property(
                "More confidence and less uncertainty never end in silence; at the threshold it is silent.",
                _monotone,
                0.0,
                (Mistake("an answer at the threshold", _inclusive),),
            ),
        ),
    ),
    Term(
        "common-ground",
        minds.explain,
        (
            Property(
                "In a conversation each concept is explained when it comes up first, and never again.",
                _once,
                0.0,
                (
                    Mistake("numbers that are added to, and a concept sought among them", _added, 5548),
                    Mistake("repetitions within a message explained each time", _from_before),
                    Mistake("a ground that does not grow", _forgetful),
                ),
            ),
        ),
    ),
)
