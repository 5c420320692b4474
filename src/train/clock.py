"""Where the time of a run goes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Clock:
    """Seconds spent on compiling, training, reading and evaluating, over all resumes of a run."""

    def __init__(self, resumes: int = 0, started: float | None = None, **seconds: float):
        self.started = time.time() if started is None else started
        self.resumes = resumes
        self.warm = False
        self.seconds = {"compile": 0.0, "train": 0.0, "input": 0.0, "eval": 0.0, "before": 0.0, **seconds}
        self.began = time.perf_counter()

    @contextmanager
    def measure(self, kind: str) -> Iterator[None]:
        """Add the time of the block to ``kind``."""
        start = time.perf_counter()
        yield
        self.seconds[kind] += time.perf_counter() - start

    def saved(self) -> dict[str, float]:
        """Arguments of the clock that goes on from here after a resume; ``before`` is the wall time up to now."""
        return {**self.seconds, "before": self.wall(), "started": self.started, "resumes": self.resumes}

    def wall(self) -> float:
        """Seconds of all the run's processes together."""
        return self.seconds["before"] + time.perf_counter() - self.began
