"""In what two runs or cells differ: settings, where they ran, and what they reached."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from report.compare.sides import Side, flat
from report.runs import statistics
from report.runs.statistics import Paired

#: Of a summary, what else may tell runs apart, and its times.
RAN = ("params", "macs", "train_images", "val_images", "steps", "config_hash")
PLACES = ("provenance.git_commit", "provenance.git_dirty", "provenance.versions")
MACHINE = ("timing.device_kind", "timing.device_count", "timing.cpu", "timing.cpu_threads")
TIMES = ("step_milliseconds", "images_per_second", "wall_seconds")


@dataclass(frozen=True)
class Setting:
    """A key and its values, ``None`` where a side has none; ``what`` is ``setting`` or ``run``."""

    what: str
    name: str
    first: Any
    second: Any


@dataclass(frozen=True)
class Metric:
    """What both reached, a value per run that counts, and the second minus the first, paired by seed."""

    what: str
    name: str
    first: Sequence[float]
    second: Sequence[float]
    paired: Paired


def settings(first: Side, second: Side) -> list[Setting]:
    """The settings in which they differ: of the resolved cells, or where one has none of what the summaries repeat."""
    known = first.settings and second.settings
    sides = (first.settings, second.settings) if known else (first.stated, second.stated)
    return _differing("setting", *sides)


def places(first: Side, second: Side) -> list[Setting]:
    """In what the runs differ besides: size, code, libraries and machine."""
    return _differing("run", _ran(first), _ran(second))


def metrics(first: Side, second: Side) -> list[Metric]:
    """Every metric that a run of either has, then the times; those that neither has are left out."""
    runs = [*first.counted.values(), *second.counted.values()]
    found = [("metric", name, "") for name in dict.fromkeys(name for run in runs for name in run.measured)]
    found += [("time", name, "timing.") for name in TIMES]
    rows = []
    for what, name, part in found:
        values = [_values(side, name, part) for side in (first, second)]
        if any(values):
            rows.append(Metric(what, name, *(list(side.values()) for side in values), _pair(first, *values)))
    return rows


def same_images(first: Side, second: Side) -> bool:
    """Whether both were scored on the same images, as far as their summaries say."""
    sides = [next(iter(side.runs.values())).summary for side in (first, second)]
    return len({tuple(one.get(key) for key in ("dataset", "val_images", "classes")) for one in sides}) == 1


def _pair(side: Side, first: Mapping[int, float], second: Mapping[int, float]) -> Paired:
    if not side.is_cell:
        return statistics.paired(list(second.values()), list(first.values())) if first and second else _none()
    shared = [seed for seed in first if seed in second]
    return statistics.paired([second[seed] for seed in shared], [first[seed] for seed in shared])


def _none() -> Paired:
    return statistics.paired([], [])


def _values(side: Side, name: str, part: str) -> dict[int, float]:
    """A value for every run that counts and has one, by seed."""
    found = {
        seed: run.summary.get(f"{part}{name}") if part else run.measured.get(name) for seed, run in side.counted.items()
    }
    return {seed: float(value) for seed, value in found.items() if value is not None}


def _ran(side: Side) -> dict[str, Any]:
    """What the summaries say of the runs; a list where they say several things."""
    found: dict[str, Any] = {}
    for run in side.runs.values():
        picked = {key: run.summary.get(key) for key in (*RAN, *PLACES, *MACHINE)}
        for key, value in flat({key: value for key, value in picked.items() if value is not None}):
            found.setdefault(key, []).append(value)
    return {key: values[0] if len(set(values)) == 1 else list(dict.fromkeys(values)) for key, values in found.items()}


def _differing(what: str, first: Mapping[str, Any], second: Mapping[str, Any]) -> list[Setting]:
    """The keys whose values are not the same, in the order of the files.

    What is off on one side is null there and a group of keys on the other: of these only the keys of the group stand.
    """
    keys: Iterable[str] = dict.fromkeys([*first, *second])
    groups = {key.rsplit(".", count)[0] for key in keys for count in range(1, key.count(".") + 1)}
    return [
        Setting(what, key, first.get(key), second.get(key))
        for key in keys
        if first.get(key) != second.get(key) and key not in groups
    ]
