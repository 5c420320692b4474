"""What must hold of vectors of characters, styles and moods."""

from __future__ import annotations

from typing import Any

import flax.nnx as nnx
import jax
import numpy as np

from netspec.vocabulary import personas
from netspec.vocabulary.cases import Case, apart, wrong
from netspec.vocabulary.programs import compiled
from netspec.vocabulary.term import Implementation, Mistake, Property, Term


def _one_hot(lookup: Implementation, case: Case) -> float:
    """A row of the table is the product of a one-hot vector and the table, and the traits are a linear map of it."""
    table, traits, bias = case.normal(4, 3), case.normal(3, 5, seed=1), case.normal(5, seed=2)
    ids = case.rng(3).integers(0, 4, 6)
    vector, scores = compiled(lookup)(table, traits, bias, ids)
    expected = np.eye(4)[ids] @ table
    return max(apart(vector, expected), apart(scores, np.eye(4)[ids] @ (table @ traits) + bias))


def _from_one(table: Any, traits: Any, bias: Any, ids: Any) -> Any:
    """Personas counted from one."""
    return compiled(personas.persona)(np.roll(table, 1, axis=0), traits, bias, ids)


def _no_bias(table: Any, traits: Any, bias: Any, ids: Any) -> Any:
    return compiled(personas.persona)(table, traits, 0 * bias, ids)


def _styles(case: Case) -> tuple[Any, ...]:
    return case.normal(2, 3, 4), *(case.normal(2, 4, seed=n) for n in (1, 2, 3))


def _there_and_back(restyle: Implementation, case: Case) -> float:
    """Into its own style nothing changes; there and back neither; by way of a third it is the direct way."""
    run = compiled(restyle)
    content, formal, casual, terse = _styles(case)
    back = run(run(content, formal, casual), casual, formal)
    two = run(run(content, formal, casual), casual, terse)
    direct = apart(two, run(content, formal, terse))
    return max(apart(run(content, formal, formal), content), apart(back, content), direct)


def _by_the_target(restyle: Implementation, case: Case) -> float:
    """A change of the target's style is the change of the result, at every token."""
    run = compiled(restyle)
    content, formal, casual, terse = _styles(case)
    found = np.asarray(run(content, formal, terse)) - run(content, formal, casual)
    return apart(found, np.repeat((terse - casual)[:, None], 3, axis=1))


def _only_added(content: Any, source: Any, target: Any) -> Any:
    return content + target[:, None]


def _turned_round(content: Any, source: Any, target: Any) -> Any:
    return compiled(personas.restyled)(content, target, source)


@jax.jit
def _emotion(context: Any, state: Any, readout: Any, cell: nnx.GRUCell) -> Any:
    return personas.emotion_step(context, state, readout, cell)


def _step(step: Implementation, *args: Any) -> tuple[np.ndarray, np.ndarray]:
    state, coordinates = (_emotion if step is personas.emotion_step else step)(*args)
    return np.asarray(state), np.asarray(coordinates)


def _mood(case: Case) -> tuple[Any, Any, Any, nnx.GRUCell]:
    zeros = nnx.initializers.zeros_init()
    cell = nnx.GRUCell(3, 4, rngs=nnx.Rngs(0), param_dtype=float, kernel_init=zeros, recurrent_kernel_init=zeros)
    cell.dense_i.kernel[...] = case.normal(3, 12, seed=5)
    cell.dense_h.kernel[...] = case.normal(4, 12, seed=6)
    return case.normal(2, 5), case.uniform(2, 4, low=-1, seed=1), case.normal(5, 3, seed=2), cell


def _gates(step: Implementation, case: Case) -> float:
    """The three coordinates are a linear map, and the gates computed one by one give the next state."""
    context, state, readout, cell = _mood(case)
    of_input = (context @ readout) @ np.asarray(cell.dense_i.kernel[...])
    of_state = state @ np.asarray(cell.dense_h.kernel[...])
    reset, keep = (1 / (1 + np.exp(-of_input[:, part] - of_state[:, part])) for part in (slice(0, 4), slice(4, 8)))
    expected = keep * state + (1 - keep) * np.tanh(of_input[:, 8:] + reset * of_state[:, 8:])
    found, coordinates = _step(step, context, state, readout, cell)
    return max(apart(found, expected), apart(coordinates, context @ readout))


def _bounded(step: Implementation, case: Case) -> float:
    """Whatever is said, ten times as strongly too, the state stays between −1 and 1, and it moves."""
    context, state, readout, cell = _mood(case)
    start = state
    for strength in (1.0, 10.0, -10.0):
        state, _ = _step(step, strength * context, state, readout, cell)
        if np.abs(state).max() > 1 + 1e-12:
            return 1.0
    return wrong(np.abs(state - start).max() > 1e-6)


def _gate_turned(context: Any, state: Any, readout: Any, cell: nnx.GRUCell) -> Any:
    """The gate keeps what it should let go."""
    new, coordinates = _emotion(context, state, readout, cell)
    return 2 * state - new, coordinates


def _candidate_only(context: Any, state: Any, readout: Any, cell: nnx.GRUCell) -> Any:
    return state + context @ readout @ np.ones((3, 4)), context @ readout


TERMS = (
    Term(
        "persona-embeddings",
        personas.persona,
        (
            Property(
                "A lookup is a one-hot vector times the table, and the traits are a linear map of it.",
                _one_hot,
                1e-12,
                (
                    Mistake("personas counted from one", _from_one),
                    Mistake("no bias of the traits", _no_bias),
                ),
            ),
        ),
    ),
    Term(
        "persona-style-transfer",
        personas.restyled,
        (
            Property(
                "Into its own style nothing changes, there and back neither, and two steps are one.",
                _there_and_back,
                1e-12,
                (Mistake("the target's style added, the source's kept", _only_added),),
            ),
            Property(
                "What the target's style changes, the result changes.",
                _by_the_target,
                1e-12,
                (Mistake("source and target swapped", _turned_round),),
            ),
        ),
    ),
    Term(
        "emotional-state-spaces",
        personas.emotion_step,
        (
            Property(
                "Coordinates are a linear map of the context, and the state is that of the gates one by one.",
                _gates,
                1e-12,
                (
                    Mistake("the step in the opposite direction", _gate_turned),
                    Mistake("the coordinates added up", _candidate_only),
                ),
            ),
            Property(
                "The state moves and stays between −1 and 1.",
                _bounded,
                0.0,
                (Mistake("the coordinates added up", _candidate_only),),
            ),
        ),
    ),
)
