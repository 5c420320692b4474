"""What must hold of models of what others see and believe."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netspec.vocabulary import minds
from netspec.vocabulary.cases import Case, apart, wrong
from netspec.vocabulary.programs import compiled
from netspec.vocabulary.term import Implementation, Mistake, Property, Term

#: Agents and moments in all cases, since each other size is compiled anew.
_AGENTS, _TIMES = 20, 5


def _watched(case: Case) -> tuple[np.ndarray, np.ndarray]:
    """Where a thing was, and who saw it when; one agent saw nothing, one all."""
    seen = case.uniform(_AGENTS, _TIMES) < 0.5
    seen[0], seen[1] = False, True
    return case.rng(1).integers(0, 4, (_AGENTS, _TIMES)), seen


def _last_seen(believed: Implementation, case: Case) -> float:
    places, seen = _watched(case)
    expected = [
        ([-1] + [int(p) for p, saw in zip(*each, strict=True) if saw])[-1] for each in zip(places, seen, strict=True)
    ]
    return wrong(np.asarray(compiled(believed)(places, seen)) == expected)


def _unseen_moves(believed: Implementation, case: Case) -> float:
    """Whatever happens unseen changes nothing, and who saw all knows where the thing is."""
    places, seen = _watched(case)
    moved = np.where(seen, places, (places + 1) % 4)
    run = compiled(believed)
    same = np.asarray(run(moved, seen)) == run(places, seen)
    return wrong(same & (np.asarray(run(places, np.ones_like(seen))) == places[:, -1]))


def _true_place(places: Any, seen: Any) -> Any:
    return places[:, -1]


def _first_seen(places: Any, seen: Any) -> Any:
    return np.where(seen.any(axis=1), places[np.arange(len(places)), seen.argmax(axis=1)], -1)


_MATRIX = np.array([[0.5, -0.3], [0.2, 0.7]])


def _mix(state: Any, observation: Any) -> Any:
    """An update whose order matters, of a state of two parts."""
    return {"mean": jnp.tanh(state["mean"] @ _MATRIX + observation), "count": state["count"] + 1.0}


def _updated(track: Implementation, case: Case, seen: Any, observations: Any) -> Any:
    start = {"mean": np.full(2, 0.1), "count": np.float64(0.0)}
    found = _track(track)(start, observations, seen)
    return np.append(np.asarray(found["mean"]), found["count"])


def _track(track: Implementation) -> Any:
    return _TRACK if track is minds.mental_state else partial(track, _mix)


_TRACK = jax.jit(partial(minds.mental_state, _mix))


def _only_what_was_seen(track: Implementation, case: Case) -> float:
    """The state is that after the seen observations alone, one by one."""
    observations, seen = case.normal(_TIMES, 2), case.uniform(_TIMES, seed=1) < 0.6
    mean, count = np.full(2, 0.1), 0.0
    for observation in observations[seen]:
        mean, count = np.tanh(mean @ _MATRIX + observation), count + 1
    return apart(_updated(track, case, seen, observations), np.append(mean, count))


def _two_agents(track: Implementation, case: Case) -> float:
    """An agent that left the room keeps its state, one that stayed does not."""
    observations, stayed = case.normal(_TIMES, 2), np.ones(_TIMES, bool)
    left = np.arange(_TIMES) < 3
    changed = np.concatenate([observations[:3], -observations[3:] + 1])
    same = apart(_updated(track, case, left, changed), _updated(track, case, left, observations))
    other = apart(_updated(track, case, stayed, changed), _updated(track, case, stayed, observations))
    return max(same, wrong(other > 1e-6))


def _all_agents_one(update: Any, state: Any, observations: Any, seen: Any) -> Any:
    return _TRACK(state, observations, np.ones_like(seen))


def _zeros_for_unseen(update: Any, state: Any, observations: Any, seen: Any) -> Any:
    return _TRACK(state, np.where(seen[:, None], observations, 0), np.ones_like(seen))


def _views(case: Case) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    visible = case.uniform(2, 5, seed=2) < 0.6
    visible[:, 0] = True
    return case.normal(2, 3, 4), case.normal(2, 5, 4, seed=1), visible


def _visible_only(view: Implementation, case: Case) -> float:
    """The result is attention over the visible tokens alone."""
    own, other, visible = _views(case)
    expected = np.zeros_like(own)
    for batch, head in np.ndindex(2, 2):
        part = slice(2 * head, 2 * head + 2)
        keys = other[batch, visible[batch], part]
        scores = np.exp(own[batch, :, part] @ keys.T / np.sqrt(2))
        expected[batch, :, part] = scores / scores.sum(axis=1, keepdims=True) @ keys
    return apart(compiled(view, "heads")(own, other, visible, heads=2), expected)


def _hidden_moves(view: Implementation, case: Case) -> float:
    """What the other cannot see has no influence, and where nothing is visible nothing is answered."""
    own, other, visible = _views(case)
    run = compiled(view, "heads")
    moved = np.where(visible[..., None], other, 7.0)
    same = apart(run(own, moved, visible, heads=2), run(own, other, visible, heads=2))
    return max(same, float(np.abs(run(own, other, np.zeros_like(visible), heads=2)).max()))


def _everything_seen(own: Any, other: Any, visible: Any, *, heads: int) -> Any:
    return compiled(minds.perspective, "heads")(own, other, np.ones_like(visible), heads=heads)


def _zeroed(own: Any, other: Any, visible: Any, *, heads: int) -> Any:
    """Hidden tokens as zeros that are attended to all the same."""
    return _everything_seen(own, np.where(visible[..., None], other, 0), visible, heads=heads)


TERMS = (
    Term(
        "tom-module",
        minds.believed_place,
        (
            Property(
                "Somebody looks for a thing where they last saw it.",
                _last_seen,
                0.0,
                (
                    Mistake("where it is", _true_place),
                    Mistake("where they saw it first", _first_seen),
                ),
            ),
            Property(
                "Moves that nobody saw change no belief, and who saw all believes what is so.",
                _unseen_moves,
                0.0,
                (
                    Mistake("where it is", _true_place),
                    Mistake("where they saw it first", _first_seen),
                ),
            ),
        ),
    ),
    Term(
        "mental-state-tracking",
        minds.mental_state,
        (
            Property(
                "The state is that after what the agent saw, and nothing else.",
                _only_what_was_seen,
                1e-12,
                (
                    Mistake("one state for all agents", _all_agents_one, 5402),
                    Mistake("zeros for what was not seen", _zeros_for_unseen),
                ),
            ),
            Property(
                "Who left the room keeps their state, who stayed does not.",
                _two_agents,
                1e-12,
                (Mistake("one state for all agents", _all_agents_one, 5402),),
            ),
        ),
    ),
    Term(
        "perspective-taking",
        minds.perspective,
        (
            Property(
                "It is attention over what the other sees, alone.",
                _visible_only,
                1e-12,
                (
                    Mistake("the same observations for both", _everything_seen, 5427),
                    Mistake("hidden things as zeros that are attended to", _zeroed),
                ),
            ),
            Property(
                "What the other cannot see has no influence.",
                _hidden_moves,
                1e-12,
                (Mistake("the same observations for both", _everything_seen, 5427),),
            ),
        ),
    ),
)
