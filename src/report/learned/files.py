"""Files that runs of a task leave beside their summary, read with one complaint that names the file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from report.engine.errors import ReportError
from report.engine.page import Strip, Strips
from report.runs.load import Cell, Run


def contents(run: Run, name: str) -> str:
    """The text of a file of a run. Raises :class:`ReportError` where it cannot be read."""
    path = run.folder / name
    again = f"delete {run.summary.path}, and `snakemake {run.summary.path}` makes it again"
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ReportError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error}); {again}") from None


def json_of(run: Run, name: str) -> Any:
    """A file of JSON."""
    try:
        return json.loads(contents(run, name))
    except ValueError as error:
        raise ReportError(f"{run.folder / name}: no JSON ({error}); delete it, and run it again") from None


def rows_of(run: Run, name: str, *numbers: str) -> list[dict[str, Any]]:
    """The rows of a CSV file, the columns ``numbers`` as such; an empty field is NaN."""
    rows: list[dict[str, Any]] = list(csv.DictReader(io.StringIO(contents(run, name))))
    try:
        return [{**row, **{key: float(row[key] or "nan") for key in numbers}} for row in rows]
    except (KeyError, ValueError) as error:
        raise ReportError(f"{run.folder / name}: no such table ({error}); delete it, and run it again") from None


def pictures(cells: Sequence[Cell], name: str, caption: str) -> list[Strips]:
    """A picture of every cell's first counted run, one below the other; none where no run is left."""
    strips = [
        Strip(cell.name, f"seed {cell.first.seed}", Path(cell.first.folder / name)) for cell in cells if cell.counted
    ]
    return [Strips(strips, caption)] if strips else []
