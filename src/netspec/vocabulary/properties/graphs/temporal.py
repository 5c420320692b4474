"""What must hold of a memory of events."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from scipy.special import expit

from netspec.vocabulary.cases import Case, apart
from netspec.vocabulary.graphs import temporal
from netspec.vocabulary.term import Implementation, Mistake, Property, Term

NODES, WIDTH, CODE, FEATURES, EVENTS = 5, 2, 3, 1, 6


def _events(case: Case) -> tuple[Any, ...]:
    """Events among all nodes but the last, two of them between the same."""
    message = 2 * WIDTH + CODE + FEATURES
    cell = temporal.MemoryCell(
        case.normal(CODE, seed=1),
        case.normal(CODE, seed=2),
        case.normal(3, message, WIDTH, seed=3),
        case.normal(3, WIDTH, WIDTH, seed=4),
        case.normal(3, WIDTH, seed=5),
    )
    senders, receivers = np.array([0, 1, 0, 2, 3, 0]), np.array([1, 2, 1, 3, 0, 2])
    times = np.cumsum(case.uniform(EVENTS, seed=6))
    return case.normal(NODES, WIDTH), senders, receivers, times, case.normal(EVENTS, FEATURES, seed=7), cell


def _one_by_one(
    memory: Any, senders: Any, receivers: Any, times: Any, features: Any, cell: Any, kind: str = "right"
) -> np.ndarray:
    """Event by event in numpy; ``kind`` names what is wrong."""
    memory, last, after = np.array(memory), np.zeros(len(memory)), []
    for i, j, time, feature in zip(senders, receivers, times, features, strict=True):
        before = memory.copy()
        for own, other in ((i, j), (j, i)):
            if kind == "sender only" and own == j:
                continue
            seen = memory if kind == "one after the other" else before
            code = np.cos(cell.frequency * (time - (0 if kind == "absolute" else last[own])) + cell.phase)
            message = np.concatenate([before[own], seen[other], code, feature])
            u, r, c = np.einsum("m,kmw->kw", message, cell.inner) + cell.bias
            u, r = expit(u + before[own] @ cell.outer[0]), expit(r + before[own] @ cell.outer[1])
            memory[own] = u * before[own] + (1 - u) * np.tanh(c + r * (before[own] @ cell.outer[2]))
        last[[i, j]] = time
        after.append(memory.copy())
    return np.stack(after)


def _by_hand(follow: Implementation, case: Case) -> float:
    return apart(follow(*_events(case)), _one_by_one(*_events(case)))


def _only_ends(follow: Implementation, case: Case) -> float:
    """Who takes no part in an event keeps its memory."""
    memory, senders, receivers, *rest = _events(case)
    states = np.concatenate([memory[None], np.asarray(follow(memory, senders, receivers, *rest))])
    worst = 0.0
    for event, ends in enumerate(zip(senders, receivers, strict=True)):
        others = [node for node in range(NODES) if node not in ends]
        worst = max(worst, apart(states[event + 1][others], states[event][others]))
    return worst


def _no_future(follow: Implementation, case: Case) -> float:
    """Another last event leaves what was remembered before it."""
    memory, senders, receivers, times, features, cell = _events(case)
    other = features.copy()
    other[-1] += 1
    one = np.asarray(follow(memory, senders, receivers, times, features, cell))[:-1]
    return apart(np.asarray(follow(memory, senders, receivers, times, other, cell))[:-1], one)


def _renamed(follow: Implementation, case: Case) -> float:
    memory, senders, receivers, *rest = _events(case)
    order = case.rng(8).permutation(NODES)
    place = np.argsort(order)
    found = follow(memory[order], place[senders], place[receivers], *rest)
    return apart(found, np.asarray(follow(memory, senders, receivers, *rest))[:, order])


def _numbered(memory: Any, *args: Any) -> Any:
    return _one_by_one(memory + np.arange(len(memory))[:, None], *args)


def _wrong(kind: str) -> Implementation:
    return partial(_one_by_one, kind=kind)


def _leaking(memory: Any, senders: Any, receivers: Any, times: Any, features: Any, cell: Any) -> Any:
    return _one_by_one(memory, senders, receivers, times, features + features.mean(0), cell)


def _fading(*args: Any) -> Any:
    states = _one_by_one(*args)
    return states * 0.9 ** np.arange(1, len(states) + 1)[:, None, None]


MEMORY = Term(
    "temporal-graph-network",
    temporal.temporal_graph_memory,
    (
        Property(
            "Event by event both ends are updated by a gated unit from the memories before it.",
            _by_hand,
            1e-12,
            (
                Mistake("the receiver reads what the sender has just become", _wrong("one after the other")),
                Mistake("the time itself in place of the time since the last event", _wrong("absolute")),
                Mistake("only the sender remembers", _wrong("sender only")),
            ),
        ),
        Property(
            "Who takes no part in an event keeps its memory.",
            _only_ends,
            0.0,
            (Mistake("memories that fade", _fading),),
        ),
        Property(
            "No event changes what was remembered before it.",
            _no_future,
            0.0,
            (Mistake("features less their mean over all events", _leaking),),
        ),
        Property(
            "Other numbers for the nodes reorder its result and change nothing else.",
            _renamed,
            1e-12,
            (Mistake("each node reads its own number", _numbered),),
        ),
    ),
)
