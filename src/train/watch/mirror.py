"""Curves for TensorBoard: the rows of every run as event files in a folder of its own, through tensorboardX."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from train.config.schema import ConfigError
from train.rows import Row
from train.watch.runs import Seen

INSTALL = "expected the package tensorboardX, which `pip install -e '.[tensorboard]'` brings"


@dataclass
class _Written:
    """What the event file of a run has."""

    writer: Any
    rows: tuple[Row, ...]


class Mirror:
    """Event files in ``folder/<name of the run>``, which grow with the runs; a context.

    Nothing is replaced: each has a new name, by the time, and begins by telling TensorBoard to forget what earlier ones
    say of the steps that it has itself. So does one that is begun where a run was resumed and its rows are others from
    a step on.
    """

    def __init__(self, folder: Path) -> None:
        """Raises :class:`ConfigError` where tensorboardX is not installed."""
        try:
            from tensorboardX import SummaryWriter
        except ImportError:
            raise ConfigError(f"--tensorboard: {INSTALL}") from None
        self.folder, self._open = folder, SummaryWriter
        self.written: dict[str, _Written] = {}

    def __enter__(self) -> Mirror:
        return self

    def __exit__(self, *error: object) -> None:
        for one in self.written.values():
            one.writer.close()

    def update(self, runs: Iterable[Seen]) -> None:
        """Write what is new of each run."""
        for run in runs:
            before = self.written.get(run.name)
            if before is None:
                before = self.written[run.name] = self._begun(run, 0)
            elif run.rows[: len(before.rows)] != before.rows:
                before.writer.close()
                same = sum(1 for _ in _common(before.rows, run.rows))
                before = self.written[run.name] = self._begun(run, before.rows[same][1])
            if new := run.rows[len(before.rows) :]:
                for _, step, split, metric, value in new:
                    if value is not None:
                        before.writer.add_scalar(f"{split}/{metric}", value, step)
                before.rows = run.rows

    def _begun(self, run: Seen, step: int) -> _Written:
        """A new file of a run that has nothing yet of ``step`` and what comes after it."""
        place = self.folder / run.name
        place.mkdir(parents=True, exist_ok=True)
        writer = self._open(str(place), purge_step=step, flush_secs=1, filename_suffix=f".{time.time_ns()}")
        return _Written(writer, tuple(row for row in run.rows if row[1] < step))


def _common(one: Sequence[Row], other: Sequence[Row]) -> Iterable[Row]:
    """The rows that both begin with."""
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            return
        yield mine
