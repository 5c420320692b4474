"""``python -m report compare``: the differences on standard output, and as files where a stem is given."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from netspec.ownership import write_all
from report.compare import differences
from report.compare.differences import Metric, Setting
from report.compare.figure import curves_figure
from report.compare.page import page, text, written
from report.compare.sides import Side, both, names
from report.engine.files import ending, files
from report.engine.rows import encode_plain
from report.runs import statistics

COLUMNS = (
    "what", "name", "first", "second", "first_sd", "second_sd", "difference", "interval_low", "interval_high", "pairs",
)  # fmt: skip


def compare(first: Path, second: Path, out: Path | None = None) -> str:
    """The tables as text; with ``out`` they are written as CSV, Markdown and PDF, with the curves as SVG, too.

    Raises:
        ReportError: if a folder is no run and no cell, or they are not of a kind.
    """
    sides = both(first, second)
    if out:
        drawings = {"*.svg": curves_figure(*sides, names(*sides))}
        made = {ending(out, ".csv"): table(*sides), ending(out, ".svg"): drawings["*.svg"]}
        write_all(made | files(page(*sides), out, drawings))
    return text(*sides)


def table(first: Side, second: Side) -> bytes:
    """Every difference in settings and every metric as CSV, with the columns of :data:`COLUMNS`."""
    parts = (differences.metrics, differences.settings, differences.places)
    return encode_plain(COLUMNS, (_row(found) for part in parts for found in part(first, second)))


def _row(found: Metric | Setting) -> list:
    if isinstance(found, Setting):
        return [found.what, found.name, *map(_text, (found.first, found.second)), *[""] * 6]
    pair = found.paired
    numbers = [*map(statistics.mean, (found.first, found.second)), *map(statistics.sd, (found.first, found.second))]
    numbers += [pair.mean, pair.low, pair.high]
    return [found.what, found.name, *("" if value != value else round(value, 10) for value in numbers), pair.n]


def _text(value: Any) -> str:
    return "" if value is None else written(value)
