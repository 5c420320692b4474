"""Central differences with step-size control: Richardson extrapolation, the entry of least estimated error."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

#: Steps along a direction of unit length, each half the one before.
STEPS = 0.01 * 0.5 ** np.arange(11)


class Slope(NamedTuple):
    """A derivative along a line, how far it may be off (truncation and rounding), and the step it rests on."""

    value: float
    uncertainty: float
    step: float


def slope(line: Callable[[float], float], noise: float, reach: float = 1.0) -> Slope:
    """Derivative at zero of a function of one number that changes its slope over lengths of ``reach``.

    ``noise`` bounds the rounding error of the difference of two values.
    """
    steps = reach * STEPS
    return extrapolate(steps, [(line(h) - line(-h)) / (2 * h) for h in steps], noise / steps)


def extrapolate(steps: np.ndarray, quotients: list[float], noise: np.ndarray) -> Slope:
    """Ridders' tableau of central difference quotients at decreasing steps, whose error is a series in ``h²``.

    Each column cancels one more power. The truncation of an entry is estimated by its distance to the two it was made
    from, its rounding error is at most twice the quotients' ``noise``; the entry where their sum is least is taken.
    Source: Ridders 1982, Advances in Engineering Software 4(2), which looks at the first part only.
    """
    best, row = Slope(float(quotients[0]), float("inf"), float(steps[0])), [float(quotients[0])]
    for index in range(1, len(steps)):
        above, row = row, [float(quotients[index])]
        for order in range(1, min(index, _ORDERS) + 1):
            factor = (steps[index - order] / steps[index]) ** 2
            row.append(row[-1] + (row[-1] - above[order - 1]) / (factor - 1))
            truncated = max(abs(row[-1] - row[-2]), abs(row[-1] - above[order - 1]))
            uncertainty = float(truncated + 2 * noise[index])
            if uncertainty < best.uncertainty:
                best = Slope(row[-1], uncertainty, float(steps[index]))
    return best


#: More powers of the step than this are lost in rounding errors.
_ORDERS = 4
