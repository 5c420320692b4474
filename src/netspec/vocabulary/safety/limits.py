"""Limits on how often somebody may ask."""

from __future__ import annotations

from dataclasses import dataclass

from netspec.errors import VocabularyError
from netspec.vocabulary import expect


@dataclass(frozen=True)
class Bucket:
    """What one user may still ask: ``tokens`` at time ``at``, in seconds."""

    tokens: float
    at: float


def admit(bucket: Bucket, now: float, *, capacity: float = 60.0, per_second: float = 1.0) -> tuple[bool, Bucket]:
    """Let everybody ask at a steady rate and in short bursts, and refuse what is more than that.

    A bucket holds tokens and is filled at a rate; a request takes one, or is refused where there is none.

    Formula: n' = min(C, n + r Δt); admitted iff n' ≥ 1, then n' − 1
    Shapes: a bucket a user, times in seconds that do not decrease; the results are the verdict and the next bucket.
    Parameters: capacity C, at least 1, and rate r.
    Cost: constant, in time and in memory a user; a bucket that had time to fill is like a new one and can be dropped.
    Training: none.
    Caveats: in any w seconds at most C + r w requests pass, so twice the rate in the first minute. The document keeps
    the times of the last minute of every user who ever came, at most 60 in any minute, and is not safe between threads.
    Raises: VocabularyError for a time before the bucket's, a capacity below 1, a rate that is not positive.
    Source: Turner 1986; RFC 2697 for the form; vocabulary line 5910.

    >>> bucket, verdicts = Bucket(2.0, 0.0), []
    >>> for now in (0.0, 0.1, 0.2, 1.2):
    ...     admitted, bucket = admit(bucket, now, capacity=2)
    ...     verdicts.append(admitted)
    >>> verdicts
    [True, True, False, True]
    """
    expect.within("capacity", capacity, 1.0)
    expect.positive("per_second", per_second)
    if now < bucket.at:
        raise VocabularyError(f"now: arrived {now}, expected a time from {bucket.at} on")
    tokens = min(capacity, bucket.tokens + per_second * (now - bucket.at))
    return (True, Bucket(tokens - 1, now)) if tokens >= 1 else (False, Bucket(tokens, now))
