"""Central differences with step-size control: Richardson extrapolation, the entry of least estimated error."""

from __future__ import annotations

import math
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


def between_kinks(line: Callable[[float], float], noise: float, first: float, enough: float) -> Slope:
    """Derivative at zero of a function with kinks, from two steps between which and zero there is none.

    Where a kink lies within a step, the mean of the slopes on both sides is not the slope at zero, and no smaller step
    shows it while the kink is nearer still. But ``(f(h) − 2f(0) + f(−h)) / h``, the difference of the slopes on both
    sides, is proportional to ``h`` for a smooth function and constant for a kink near zero. So a pair of steps ``h``
    and ``h/2`` counts only if that halves, to within half of its uncertainty. Pairs are taken from ``first`` on,
    longer where rounding is what limits them and shorter otherwise, until one is uncertain by at most ``enough``, or
    none is left to try; without any that counts the uncertainty is infinite.
    """
    values: dict[int, tuple[float, float]] = {}

    def both(power: int) -> tuple[float, float]:
        """Central quotient, and the difference of the slopes on both sides."""
        if power not in values:
            h = first * 2.0**-power
            above, below = line(h), line(-h)
            values[power] = (above - below) / (2 * h), (above - 2 * line(0) + below) / h
        return values[power]

    best: Slope | None = None
    power, tried = 0, set[int]()
    while power not in tried and -_LONGER <= power <= _SHORTER:
        tried.add(power)
        (long, bent), (short, half) = both(power), both(power + 1)
        h = first * 2.0 ** -(power + 1)
        found = extrapolate(np.array([2 * h, h]), [long, short], noise / np.array([2 * h, h]))
        rounding = 2 * noise / h
        if abs(2 * half - bent) > found.uncertainty / 2:
            found = found._replace(uncertainty=math.inf)
        if best is None or found.uncertainty < best.uncertainty:
            best = found
        if found.uncertainty <= enough:
            break
        power += -1 if found.uncertainty < 2 * rounding else 1
    assert best is not None  # the first step is always taken
    return best


#: How often the first step is doubled, and halved, at most.
_LONGER, _SHORTER = 3, 9
#: More powers of the step than this are lost in rounding errors.
_ORDERS = 4
