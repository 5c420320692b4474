"""Computations about the document's guardrails."""

from __future__ import annotations

from netspec.vocabulary.evidence import Evidence
from netspec.vocabulary.safety.limits import Bucket, admit


def users_kept() -> Evidence:
    """A thousand users who asked once, an hour ago, in the document's log and in buckets that are dropped when full."""
    log: dict[int, list[float]] = {user: [0.0] for user in range(1000)}
    buckets = {user: admit(Bucket(60.0, 0.0), 0.0)[1] for user in range(1000)}
    now = 3600.0
    log[0] = [*(time for time in log[0] if now - time < 60), now]  # what the listing does when user 0 asks again
    buckets = {user: bucket for user, bucket in buckets.items() if bucket.tokens + now - bucket.at < 60}
    return Evidence(
        f"an hour later the log still has {len(log)} users",
        f"of the buckets {len(buckets)} are not full and have to be kept",
        len(log) > len(buckets),
    )
