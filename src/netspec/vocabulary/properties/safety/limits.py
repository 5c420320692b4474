"""What must hold of limits on requests."""

from __future__ import annotations

import math

import numpy as np

from netspec.vocabulary.cases import Case, wrong
from netspec.vocabulary.safety import limits
from netspec.vocabulary.safety.limits import Bucket
from netspec.vocabulary.term import Implementation, Mistake, Property, Term

_CAPACITY, _RATE = 3.0, 0.5


def _verdicts(admit: Implementation, times: np.ndarray) -> list[bool]:
    bucket, verdicts = Bucket(_CAPACITY, 0.0), []
    for now in times:
        admitted, bucket = admit(bucket, float(now), capacity=_CAPACITY, per_second=_RATE)
        verdicts.append(bool(admitted))
    return verdicts


def _arrivals(case: Case) -> np.ndarray:
    """Forty times in eighths of a second, so that sums are exact: some close together, some far apart."""
    return np.cumsum(case.rng().integers(0, 9, 40) * case.rng(1).integers(0, 3, 40)) / 8


def _by_arrival_times(admit: Implementation, case: Case) -> float:
    """The same verdicts as by the next theoretical time of arrival, without counting tokens."""
    due, expected = 0.0, []
    for now in _arrivals(case):
        admitted = bool(now >= due - (_CAPACITY - 1) / _RATE)
        due = max(now, due) + 1 / _RATE if admitted else due
        expected.append(admitted)
    return wrong(_verdicts(admit, _arrivals(case)) == expected)


def _bounded(admit: Implementation, case: Case) -> float:
    """In no stretch of time do more pass than its capacity and rate allow; at the steady rate all pass."""
    times = np.sort(np.concatenate([_arrivals(case), [120.0] * 9, 5.875 + np.zeros(4), 6.0 + np.zeros(4)]))
    passed = times[np.array(_verdicts(admit, times))]
    within = [
        count <= math.floor(_CAPACITY + _RATE * (passed[first + count - 1] - passed[first]))
        for first in range(len(passed))
        for count in range(1, len(passed) - first + 1)
    ]
    return wrong(all(within) and all(_verdicts(admit, np.arange(20) / _RATE)))


def _overflowing(bucket: Bucket, now: float, *, capacity: float, per_second: float) -> tuple[bool, Bucket]:
    """A bucket without a rim: what was not asked for in a quiet hour can be asked for at once."""
    return limits.admit(bucket, now, capacity=math.inf, per_second=per_second)


def _refusals_cost(bucket: Bucket, now: float, *, capacity: float, per_second: float) -> tuple[bool, Bucket]:
    """A refused request takes from the bucket too."""
    admitted, after = limits.admit(bucket, now, capacity=capacity, per_second=per_second)
    return admitted, after if admitted else Bucket(max(after.tokens - 0.5, 0.0), now)


def _window(bucket: Bucket, now: float, *, capacity: float, per_second: float) -> tuple[bool, Bucket]:
    """So many in each window, counted anew when the next begins."""
    width = capacity / per_second
    left = capacity if now // width > bucket.at // width else bucket.tokens
    return left >= 1, Bucket(left - (left >= 1), now)


TERM = Term(
    "rate-limiting",
    limits.admit,
    (
        Property(
            "Its verdicts are those of the next theoretical time of arrival.",
            _by_arrival_times,
            0.0,
            (
                Mistake("a bucket without a rim", _overflowing),
                Mistake("refusals that cost", _refusals_cost),
            ),
        ),
        Property(
            "In any stretch of w seconds at most C + r w pass, and at the steady rate all do.",
            _bounded,
            0.0,
            (
                Mistake("a bucket without a rim", _overflowing),
                Mistake("windows that are counted anew", _window),
            ),
        ),
    ),
)
