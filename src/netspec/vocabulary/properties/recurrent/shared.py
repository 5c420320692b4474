"""What several properties of this family are tried on."""

from __future__ import annotations

import numpy as np

from netspec.vocabulary.cases import Case
from netspec.vocabulary.recurrent import Weights

#: Features of the states that are drawn.
FEATURES = 3


def drawn_inputs(case: Case) -> np.ndarray:
    """A sequence (batch, tokens, channels)."""
    return case.normal(case.batch, case.tokens, case.channels)


def drawn_state(case: Case, seed: int = 9) -> np.ndarray:
    """A state (batch, features) that is not zero."""
    return case.normal(case.batch, FEATURES, seed=seed)


def drawn_weights(case: Case, gates: int) -> Weights:
    """Weights of a cell with so many blocks of features."""
    width = gates * FEATURES
    drawn = case.normal(case.channels, width, seed=1), case.normal(FEATURES, width, seed=2), case.normal(width, seed=3)
    return Weights(*(0.5 * part for part in drawn))
