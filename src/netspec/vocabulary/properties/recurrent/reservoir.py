"""Recurrent networks that are not trained."""

from __future__ import annotations

import numpy as np

from netspec.vocabulary import recurrent
from netspec.vocabulary.cases import Case, apart
from netspec.vocabulary.programs import program
from netspec.vocabulary.properties import plain
from netspec.vocabulary.recurrent import Reservoir
from netspec.vocabulary.term import Implementation, Mistake, Property, Term


def _reservoir(case: Case) -> tuple[np.ndarray, Reservoir, np.ndarray]:
    recurrent_part = case.normal(5, 5, seed=2)
    drawn = Reservoir(case.normal(case.channels, 5, seed=1), 0.9 * recurrent_part / np.linalg.norm(recurrent_part, 2))
    return case.normal(case.batch, 12, case.channels), drawn, case.normal(case.batch, 12, 2, seed=3)


def _states(x: np.ndarray, reservoir: Reservoir, leak: float) -> np.ndarray:
    h, each = np.zeros((x.shape[0], 5)), []
    for t in range(x.shape[1]):
        h = (1 - leak) * h + leak * np.tanh(h @ reservoir.recurrent + x[:, t] @ reservoir.inputs)
        each.append(h)
    return np.stack(each, 1).reshape(-1, 5)


def _ridge(network: Implementation, case: Case) -> float:
    """Least squares over the states and, for every weight, one more row √β that wants it to be zero."""
    case = plain.few(case)
    x, reservoir, y = _reservoir(case)
    states = np.concatenate([_states(x, reservoir, 0.7), np.sqrt(0.1) * np.eye(5)])
    wanted = np.concatenate([y.reshape(-1, 2), np.zeros((5, 2))])
    found = program(network)(x, reservoir, y, leak=0.7, ridge=0.1)
    return apart(found, np.linalg.lstsq(states, wanted, rcond=None)[0])


def _recovers(network: Implementation, case: Case) -> float:
    case = plain.ordinary(case)
    x, reservoir, _ = _reservoir(case)
    weights = case.normal(5, 2, seed=4)
    y = (_states(x, reservoir, 0.7) @ weights).reshape(case.batch, 12, 2)
    return apart(program(network)(x, reservoir, y, leak=0.7, ridge=0.0), weights)


def _heedless(**fixed: float) -> Implementation:
    return lambda x, reservoir, y, leak, ridge: recurrent.esn(
        x, reservoir, y, **({"leak": leak, "ridge": ridge} | fixed)
    )


ECHO_STATE = Term(
    "esn",
    recurrent.esn,
    (
        Property(
            "The weights are the least squares of the states with a row √β for each weight.",
            _ridge,
            1e-10,
            (
                Mistake("no ridge", _heedless(ridge=0.0)),
                Mistake("no leak", _heedless(leak=1.0)),
            ),
        ),
        Property(
            "Targets that are linear in the states are met with the very weights, if there is no ridge.",
            _recovers,
            1e-7,  # the condition number of HᵀH, up to 1e8 here, times rounding
            (
                Mistake("no leak", _heedless(leak=1.0)),
                Mistake("a ridge all the same", _heedless(ridge=1e-3)),
            ),
        ),
    ),
)
