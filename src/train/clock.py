"""Where the time of a run goes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Clock:
    """Seconds spent on compiling, training, reading and evaluating, over all resumes of a run.

    The first step of each process compiles and is not timed as training; ``steps`` counts the others.
    """

    def __init__(self):
        self.started = time.time()
        self.resumes = self.steps = 0
        self.seconds = {"compile": 0.0, "train": 0.0, "input": 0.0, "eval": 0.0, "before": 0.0}
        self.warm = False
        self.began = time.perf_counter()

    @contextmanager
    def measure(self, kind: str) -> Iterator[None]:
        """Add the time of the block to ``kind``."""
        start = time.perf_counter()
        yield
        self.seconds[kind] += time.perf_counter() - start

    @contextmanager
    def step(self) -> Iterator[None]:
        """Add the time of a training step, to compiling if it is the first of this process."""
        with self.measure("train" if self.warm else "compile"):
            yield
        self.steps += self.warm
        self.warm = True

    def saved(self) -> dict:
        """What :meth:`resume` needs to go on from here, as JSON; ``before`` is the wall time up to now."""
        seconds = {**self.seconds, "before": self.wall()}
        return {"started": self.started, "resumes": self.resumes, "steps": self.steps, "seconds": seconds}

    def resume(self, saved: dict) -> None:
        """Go on from where another process saved its clock."""
        self.started, self.steps, self.seconds = saved["started"], saved["steps"], saved["seconds"]
        self.resumes = saved["resumes"] + 1

    def wall(self) -> float:
        """Seconds since the run began, without those between its processes and before a process called ``fit``."""
        return self.seconds["before"] + time.perf_counter() - self.began
