"""What a record says of itself: ``about.json`` beside the files that are kept."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from report.engine.errors import read_json
from train.config.cell import DEFAULT_TASK

ABOUT = "about.json"


def about(folder: Path) -> dict[str, Any]:
    """What ``about.json`` says of a folder of results; empty where results are not a record.

    Raises:
        ReportError: for a file that does not say what is recorded.
    """
    path = folder / ABOUT
    if not path.exists():
        return {}
    return read_json(path, "expected what `python -m report keep` writes; record the results again", "record")


def seeds_of(folder: Path) -> list[int]:
    """The seeds of a cell's results: folders ``seed<k>``; what else lies there is no run."""
    names = (re.fullmatch("seed(0|[1-9][0-9]*)", path.name) for path in folder.glob("seed*") if path.is_dir())
    return sorted(int(name[1]) for name in names if name)


def options_of(record: Path) -> str:
    """Results, cells and seeds of a record of trained cells, as the options of a report's command line."""
    cells = sorted(path.parent for path in record.glob("*/cell.json"))
    seeds = map(str, seeds_of(cells[0])) if cells else ()
    return " ".join(["--results", str(record), "--cells", *(cell.name for cell in cells), "--seeds", *seeds])


def report_of(record: Path) -> str:
    """The kind of report on a record of trained cells: of classifiers the ablation's, else that of their task."""
    cells = sorted(record.glob("*/cell.json"))
    task = read_json(cells[0], "record the results again").get("task", DEFAULT_TASK) if cells else DEFAULT_TASK
    return "ablation" if task == DEFAULT_TASK else str(task)


def trials_of(record: Path, ending: str) -> list[str]:
    """Files of a record of trials with an ending, ``json`` or ``yaml``, in the order of their names."""
    return [str(path) for path in sorted(record.glob(f"*.{ending}")) if path.name != ABOUT]
