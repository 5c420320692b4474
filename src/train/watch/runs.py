"""The runs below a folder of results, by the files that they leave there and, while they go on, beside checkpoints.

A finished run has its summary. One that goes on has marked its folder, and the mark says where the files of
:mod:`train.live` are; these win where both are there, since a run may be trained again. One that was stopped has taken
its mark away, and is seen again when it goes on; one that was killed has not, and is silent.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from netspec.claims import read_mark
from train.config.printable import shown
from train.config.schema import ConfigError, load_mapping, validate
from train.live import NOW, ROWS
from train.rows import Row, parsed
from train.tasks import TASKS

ADVICE = "expected what `python -m train fit` writes"


@dataclass(frozen=True)
class Seen:
    """A run as it is now: where it is, how far, how fast (``per_second`` of ``unit``), and its rows so far.

    ``left`` is in seconds, as ``updated`` is since the epoch; both are of runs that have not finished only.
    """

    name: str
    cell: str
    seed: int
    task: str
    state: Literal["goes on", "finished", "diverged"]
    step: int
    steps: int
    unit: str
    per_second: float | None
    left: float | None
    updated: float | None
    rows: tuple[Row, ...]

    def curve(self, split: str, metric: str) -> list[float | None]:
        """The values of a metric in the order of their steps."""
        return [value for _, _, of, name, value in self.rows if (of, name) == (split, metric)]


def seen(results: Path) -> list[Seen]:
    """All runs below ``results``, by name. A run that has not yet trained a step is left out.

    Raises :class:`ConfigError` where there is no such folder, no run in it, or a file of one cannot be read.
    """
    if not results.is_dir():
        raise ConfigError(f"{shown(results, 300)}: no such folder, expected one with results of runs")
    found, begun = [], 0
    for folder in _folders(results):
        run = _going_on(folder, _name(folder, results)) or _finished(folder, _name(folder, results))
        begun += run is None
        found += [run] if run else []
    if not found and not begun:
        raise ConfigError(
            f"{shown(results, 300)}: no run in it, expected a folder that `python -m train fit` writes to"
        )
    return found


def _folders(results: Path) -> Iterator[Path]:
    """Folders that have a summary or the mark of a run."""

    def unreadable(error: OSError) -> None:
        raise error

    for place, folders, files in os.walk(results, onerror=unreadable):
        folders.sort()
        if "summary.json" in files or (read_mark(Path(place)) or {}).get("for") == "results":
            yield Path(place)


def _name(folder: Path, results: Path) -> str:
    return folder.relative_to(results).as_posix() if folder != results else folder.resolve().name


def _going_on(folder: Path, name: str) -> Seen | None:
    """What a run says of itself beside its checkpoints, if it does."""
    place = (read_mark(folder) or {}).get("checkpoints")
    if not isinstance(place, str) or not (live := Path(os.path.normpath(folder.resolve() / place)) / NOW).exists():
        return None
    try:
        now, rows = _mapping(live), _rows(live.with_name(ROWS))
    except FileNotFoundError:  # it has finished just now
        return None
    try:
        known = (str(now["cell"]), int(now["seed"]), _task(now, live), "goes on", int(now["step"]), int(now["steps"]))
        rate = None if now["per_second"] is None else float(now["per_second"])
        left = None if now["seconds_left"] is None else float(now["seconds_left"])
        return Seen(name, *known, str(now["unit"]), rate, left, float(now["updated"]), rows)
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"{shown(live, 300)}: is damaged ({error!r}), {ADVICE}") from None


def _finished(folder: Path, name: str) -> Seen | None:
    path = folder / "summary.json"
    try:
        summary, rows = _mapping(path), _rows(folder / "metrics.csv")
    except FileNotFoundError as error:
        if path.exists():
            raise ConfigError(f"{shown(error.filename, 300)}: no such file beside summary.json, {ADVICE}") from None
        return None
    validate(summary, "summary", shown(path, 300))
    timing, steps = summary["timing"], summary.get("steps") or (rows[-1][1] if rows else 0)
    state = "diverged" if summary.get("diverged") else "finished"
    known = summary["cell"], summary["seed"], _task(summary, path), state, steps, steps
    if "tokens_per_second" in timing:
        return Seen(name, *known, "tokens", timing["tokens_per_second"], None, None, rows)
    return Seen(name, *known, TASKS[summary["task"]].unit, timing.get("images_per_second"), None, None, rows)


def _task(about: Mapping[str, Any], path: Path) -> str:
    if about["task"] not in TASKS:
        raise ConfigError(
            f"{shown(path, 300)}: key 'task' is {shown(about['task'])}, expected one of {', '.join(TASKS)}"
        )
    return about["task"]


def _mapping(path: Path) -> dict[str, Any]:
    path.stat()  # what is missing is no error here
    return load_mapping(path, ADVICE)


def _rows(path: Path) -> tuple[Row, ...]:
    try:
        return tuple(parsed(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise
    except OSError as error:
        raise ConfigError(f"{shown(path, 300)}: cannot be read ({error.strerror}), {ADVICE}") from None
    except ValueError as error:
        raise ConfigError(f"{shown(path, 300)}: {error}, {ADVICE}") from None
