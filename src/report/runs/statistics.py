"""Paired differences over seeds, their intervals, and the adjustments that several comparisons at once ask for.

The two quantiles needed come from ``scipy.special``, which imports in a fraction of the time of ``scipy.stats``; the
tests compare every function with its counterpart there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean, stdev

LEVEL = 0.95


@dataclass(frozen=True)
class Paired:
    """A mean difference; spread, interval and p-value are NaN for a single pair, which cannot have them, all for none.

    Pairs that all differ equally have an interval without width and no p-value: their spread cannot be estimated.
    """

    n: int
    mean: float
    sd: float
    low: float
    high: float
    p: float


def mean(values: Sequence[float]) -> float:
    """Arithmetic mean; NaN of nothing."""
    return fmean(values) if values else math.nan


def sd(values: Sequence[float]) -> float:
    """Sample standard deviation, n - 1 in the denominator; NaN for a single value, for none, and where one is NaN."""
    return stdev(values) if len(values) > 1 and not any(map(math.isnan, values)) else math.nan


def paired(values: Sequence[float], baseline: Sequence[float], level: float = LEVEL) -> Paired:
    """Student's paired interval (n - 1 degrees of freedom) of ``values - baseline``, matched by position."""
    from scipy.special import stdtr, stdtrit

    differences = [value - base for value, base in zip(values, baseline, strict=True)]
    n, middle, spread = len(differences), mean(differences), sd(differences)
    spread = 0.0 if spread < 1e-9 else spread  # equal counts of images differ in the last bit of their percentages
    if n < 2:
        return Paired(n, middle, math.nan, math.nan, math.nan, math.nan)
    error = spread / math.sqrt(n)
    half = float(stdtrit(n - 1, (1 + level) / 2)) * error
    p = 2 * float(stdtr(n - 1, -abs(middle) / error)) if error > 0 else math.nan
    return Paired(n, middle, spread, middle - half, middle + half, p)


def interval(values: Sequence[float], level: float = LEVEL) -> Paired:
    """Student's interval of the mean of ``values``: that of their difference from zero."""
    return paired(values, [0.0] * len(values), level)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down adjustment, in the order given; NaN stays NaN and does not count as a comparison."""
    order = sorted((i for i, p in enumerate(p_values) if not math.isnan(p)), key=lambda i: p_values[i])
    adjusted = [math.nan] * len(p_values)
    running = 0.0
    for rank, i in enumerate(order):
        running = max(running, min(1.0, (len(order) - rank) * p_values[i]))
        adjusted[i] = running
    return adjusted


def ranks(values: Sequence[float]) -> list[float]:
    """Ranks from 1, ties sharing their mean rank."""
    return [
        sum(other < value for other in values) + (sum(other == value for other in values) + 1) / 2 for value in values
    ]


def spearman(x: Sequence[float], y: Sequence[float]) -> float:
    """Spearman's rank correlation; NaN below three pairs or where one side is constant."""
    if len(x) < 3:
        return math.nan
    a, b = ranks(x), ranks(y)
    a, b = [v - fmean(a) for v in a], [v - fmean(b) for v in b]
    scale = math.sqrt(sum(v * v for v in a) * sum(v * v for v in b))
    return math.nan if scale == 0 else sum(v * w for v, w in zip(a, b, strict=True)) / scale


def binomial_half_width(percent: float, n: int, level: float = LEVEL) -> float:
    """Half width, in points, of the normal-approximation interval of an accuracy in percent over n images."""
    p = percent / 100
    return 100 * NormalDist().inv_cdf((1 + level) / 2) * math.sqrt(p * (1 - p) / n)
