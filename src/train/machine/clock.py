"""Where the time of a run goes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from train.machine.compilation import programs_so_far


class Clock:
    """Seconds spent on compiling, training, reading and evaluating, over all resumes of a run.

    The first step of each process compiles and is not timed as training; ``steps`` counts the others. ``programs``
    counts what those first steps compiled, and what they found in the compilation cache instead.
    """

    def __init__(self) -> None:
        self.started = time.time()
        self.resumes = self.steps = 0
        self.seconds = {"compile": 0.0, "train": 0.0, "input": 0.0, "eval": 0.0, "before": 0.0}
        self.programs = {"compiled": 0, "cached": 0}
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
        before = None if self.warm else programs_so_far()
        with self.measure("train" if self.warm else "compile"):
            yield
        if before:
            self.programs = {
                kind: self.programs[kind] + count - before[kind] for kind, count in programs_so_far().items()
            }
        self.steps += self.warm
        self.warm = True

    def steps_per_second(self) -> float | None:
        """Steps after the first one, by the time of reading and training; ``None`` where there were none."""
        feeding = self.seconds["train"] + self.seconds["input"]
        return self.steps / feeding if self.steps and feeding else None

    def saved(self) -> dict:
        """What :meth:`resume` needs to go on from here, as JSON; ``before`` is the wall time up to now."""
        seconds = {**self.seconds, "before": self.wall()}
        saved = {"started": self.started, "resumes": self.resumes, "steps": self.steps, "programs": self.programs}
        return {**saved, "seconds": seconds}

    def resume(self, saved: dict) -> None:
        """Go on from where another process saved its clock."""
        self.started, self.steps, self.seconds = saved["started"], saved["steps"], saved["seconds"]
        self.resumes, self.programs = saved["resumes"] + 1, saved["programs"]

    def wall(self) -> float:
        """Seconds since the run began, without those between its processes and before a process called ``fit``."""
        return self.seconds["before"] + time.perf_counter() - self.began
