"""What is compared: a run or a cell, with its settings and its runs by seed."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from report.engine.errors import ReportError
from report.kept.about import seeds_of
from report.runs.load import JsonFile, Run, load

#: Parts of a summary that are no setting: what was reached, and how.
RESULTS = ("diverged", "provenance", "timing", "metrics", "config_hash", "seed")


@dataclass(frozen=True)
class Side:
    """A run, or a cell with all its runs; ``settings`` by dotted key, none where no ``cell.json`` is beside a run."""

    path: Path
    is_cell: bool
    settings: Mapping[str, Any]
    runs: Mapping[int, Run]

    @property
    def counted(self) -> dict[int, Run]:
        """The runs that did not diverge."""
        return {seed: run for seed, run in self.runs.items() if not run.diverged}

    @property
    def stated(self) -> dict[str, Any]:
        """The settings that the summary of the first run repeats."""
        summary = next(iter(self.runs.values()))
        return {k: v for k, v in summary.summary.values.items() if k not in (*RESULTS, *summary.measured)}


def read(path: Path) -> Side:
    """The run or the cell in a folder.

    Raises:
        ReportError: if there is neither, or its files are damaged.
    """
    path = path if path.name else path.resolve()
    if (path / "cell.json").is_file():
        seeds = seeds_of(path)
        if not seeds:
            raise ReportError(f"{path}: holds no runs, expected seed<k>/summary.json")
        (cell,) = load(path.parent, [path.name], seeds)
        return Side(path, True, dict(flat(cell.config.values)), {run.seed: run for run in cell.runs})
    if not (path / "summary.json").is_file():
        raise ReportError(f"{path}: expected the folder of a run, with summary.json, or of a cell, with cell.json")
    seed = re.fullmatch(r"seed(\d+)", path.name)
    folder = path.parent if path.parent.name else path.resolve().parent
    if seed and (folder / "cell.json").is_file():
        (cell,) = load(folder.parent, [folder.name], [int(seed[1])])
        return Side(path, False, dict(flat(cell.config.values)), {cell.runs[0].seed: cell.runs[0]})
    summary = JsonFile(path / "summary.json")
    summary.check("summary")
    run = Run(summary.require("seed", int), summary, path / "metrics.csv")
    return Side(path, False, {}, {run.seed: run})


def both(first: Path, second: Path) -> tuple[Side, Side]:
    """Two runs or two cells.

    Raises:
        ReportError: if one is a run and the other a cell, or as :func:`read`.
    """
    sides = read(first), read(second)
    if sides[0].is_cell != sides[1].is_cell:
        kinds = [f"{side.path} is a {'cell' if side.is_cell else 'run'}" for side in sides]
        raise ReportError(f"{' and '.join(kinds)}, expected two of a kind")
    return sides


def names(first: Side, second: Side) -> tuple[str, str]:
    """The two by the parts of their paths that tell them apart."""
    paths = [Path(os.path.normpath(side.path)).parts for side in (first, second)]
    same = next((i for i, (a, b) in enumerate(zip(*paths, strict=False)) if a != b), min(map(len, paths)))
    short = ["/".join(parts[same:]) for parts in paths]
    return (short[0], short[1]) if all(short) else (str(first.path), str(second.path))


def flat(value: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of nested mappings under its dotted key."""
    for key, item in value.items():
        if isinstance(item, Mapping) and item:
            yield from flat(item, f"{above}{key}.")
        else:
            yield f"{above}{key}", item
