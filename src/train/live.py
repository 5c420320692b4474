"""What a run says of itself while it goes on: its rows so far, how far it is and how fast.

Two files in the folder of its checkpoints, which ``python -m train watch`` reads and which go with the checkpoints when
the run has finished. The one is at any moment a beginning of the table that the run ends with: a run that is resumed
writes it anew with the rows of its checkpoint, so that what came after is cut off. The other one is a snapshot.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netspec.ownership import MARK
from train.machine.progress import say
from train.rows import table

if TYPE_CHECKING:
    from train.machine.clock import Clock

#: Rows so far and snapshot; what carries our mark in its name is ours (:mod:`netspec.ownership`).
ROWS, NOW = f"{MARK}.metrics.csv", f"{MARK}.progress.json"
_NEW = f"{MARK}.new"
#: All that may be left of a run that was killed.
FILES = (ROWS, NOW, _NEW)
#: Seconds between two snapshots where no row is due.
EVERY = 5.0


class Live:
    """Writes both files into ``folder``, which is there; a ``silent`` one nothing, as all but the first process do.

    ``about`` is what each snapshot says of the run: cell, seed, task, and its length in ``steps``. ``batch_size`` are
    the examples of a step, each of which counts as ``each`` of what rates are in. Where a file cannot be written that
    is said once, and the run goes on.
    """

    def __init__(
        self, folder: Path, about: Mapping[str, Any], clock: Clock, batch_size: int, each: int = 1, silent: bool = False
    ) -> None:
        self.folder, self.about, self.clock, self.each = folder, dict(about), clock, each * batch_size
        self.off = silent
        self.began: tuple[int, float] | None = None
        self.wrote = 0.0

    def begin(self, rows: Sequence[Sequence[Any]], step: int) -> None:
        """Start from the rows up to ``step``, none of them or those of a checkpoint."""
        self._do(lambda: self._replace(ROWS, table(rows)))
        self._snapshot(step)

    def add(self, rows: Sequence[Sequence[Any]], step: int) -> None:
        """Append the rows of a period that has ended at ``step``."""

        def append() -> None:
            with (self.folder / ROWS).open("a", encoding="utf-8") as stream:
                stream.write(table(rows, header=False))

        self._do(append)
        self._snapshot(step)

    def tick(self, step: int) -> None:
        """Say how far the run is, unless that was said a moment ago."""
        if self.began is None:  # the first step of a process compiles, and tells nothing of those that follow
            self.began = step, time.monotonic()
        if time.monotonic() - self.wrote > EVERY:
            self._snapshot(step)

    def _snapshot(self, step: int) -> None:
        rate = self.clock.steps_per_second()
        now = {
            **self.about,
            "step": step,
            "per_second": None if rate is None else rate * self.each,
            "seconds_left": self._left(step),
            "updated": time.time(),
        }
        self._do(lambda: self._replace(NOW, json.dumps(now)))
        self.wrote = time.monotonic()

    def _left(self, step: int) -> float | None:
        """By the time, validation included, that the steps of this process took."""
        if self.began is None or step <= self.began[0]:
            return None
        return (self.about["steps"] - step) * (time.monotonic() - self.began[1]) / (step - self.began[0])

    def _replace(self, name: str, text: str) -> None:
        (self.folder / _NEW).write_text(text, encoding="utf-8")
        (self.folder / _NEW).replace(self.folder / name)

    def _do(self, write: Any) -> None:
        if self.off:
            return
        try:
            write()
        except OSError as error:
            self.off = True
            say(f"{self.folder}: {error.strerror or error}; what `python -m train watch` shows of it stands still")
