"""Counts of jax's persistent compilation cache, without which a compile time cannot be read."""

from __future__ import annotations

from collections import Counter
from functools import cache

HITS, MISSES = "/jax/compilation_cache/cache_hits", "/jax/compilation_cache/cache_misses"


@cache
def _counter() -> Counter[str]:
    """Events of this process by name, from the first call on."""
    import jax

    counter: Counter[str] = Counter()
    jax.monitoring.register_event_listener(lambda event, **_: counter.update([event]))
    return counter


def programs_so_far() -> dict[str, int]:
    """Programs of this process that were ``compiled`` and that were ``cached``, since this was first called.

    A program that is too cheap for the cache, or compiled while the cache is off, is in neither.
    """
    return {"compiled": _counter()[MISSES], "cached": _counter()[HITS]}
