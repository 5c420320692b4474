"""What several properties of this family are tried on."""

from __future__ import annotations

from typing import Any

import numpy as np

from netspec.vocabulary.cases import wrong


def same(found: Any, expected: Any) -> float:
    """0 where both are equal everywhere, numbers or booleans."""
    return wrong(np.array_equal(np.asarray(found), np.asarray(expected)))


def pairs(tokens: int, allowed: Any) -> np.ndarray:
    """The mask by its definition, pair by pair."""
    return np.array([[bool(allowed(i, j)) for j in range(tokens)] for i in range(tokens)])
