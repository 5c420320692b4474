"""The page on two runs or cells, and its tables as text."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from report.compare import differences
from report.compare.differences import Metric, Setting
from report.compare.sides import Side, names
from report.engine.escape import phrase
from report.engine.formats import NONE, number, plain, signed, words
from report.engine.markdown import of_cell
from report.engine.page import Column, Page, Picture, Section, Table
from report.runs import statistics

#: Of a number that is at least this, two decimals are enough.
LARGE = 10


def page(first: Side, second: Side) -> Page:
    """What differs, the metrics first."""
    kind = "cells" if first.is_cell else "runs"
    a, b = names(first, second)
    notice = None
    if not differences.same_images(first, second):
        notice = (
            "Other images.",
            "The two were not scored on the same images; their metrics say nothing of each other.",
        )
    return Page(
        title=f"Two {kind} compared",
        subtitle=f"{first.path} and {second.path}",
        question=_question(first, second, a, b),
        book="",
        notice=notice,
        blocks=[*tables(first, second), *_unchanged(first, second), Picture("*.svg", _curves_caption(first, second))],
        footer=f"{a} and {b}",
    )


def tables(first: Side, second: Side) -> list[Table]:
    """Metrics, settings that differ, and in what the runs differ besides; those that are empty are left out."""
    head = [Column(name, "1fr") for name in names(first, second)]
    settings, places = differences.settings(first, second), differences.places(first, second)
    found = [_metrics(first, differences.metrics(first, second), names(first, second))]
    found += [Table("Settings that differ.", (Column("Setting"), *head), _lines(settings))] if settings else []
    found += [Table("In what the runs differ besides.", (Column("What"), *head), _lines(places))] if places else []
    return found


def text(first: Side, second: Side) -> str:
    """The tables for a terminal."""
    kept = [f"{table.caption}\n{aligned(table)}" for table in tables(first, second)]
    said = [sentence for section in _unchanged(first, second) for sentence in section.sentences]
    return "\n\n".join([f"{first.path} and {second.path}", *kept, *said])


def aligned(table: Table) -> str:
    """A table in columns of characters."""
    lines = [[column.name for column in table.columns], *([of_cell(cell) for cell in row] for row in table.rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    left = [column.left for column in table.columns]
    shown = []
    for line in lines:
        cells = zip(line, widths, left, strict=True)
        shown.append("  ".join(cell.ljust(n) if text else cell.rjust(n) for cell, n, text in cells).rstrip())
    return "\n".join(shown)


def _question(first: Side, second: Side, a: str, b: str) -> str:
    text = f"In which settings do `{a}` and `{b}` differ, and in what they reached? "
    text += "Differences are the second minus the first"
    if not first.is_cell:
        return f"{text}, one run each, so that none can be told from what another seed would change."
    shared = [seed for seed in first.counted if seed in second.counted]
    paired = f", paired by seed over {words(len(shared), 'seed')}" if shared else "; they share no seed"
    interval = "; intervals are Student’s, at 95 %" if len(shared) > 1 else ""
    return f"{text}{paired}{interval}."


def _metrics(side: Side, metrics: Sequence[Metric], names: tuple[str, str]) -> Table:
    header = [Column("Metric"), *names, "Difference", *(("95 % interval", "Pairs") if side.is_cell else ())]
    rows = []
    for metric in metrics:
        values = [*metric.first, *metric.second]
        decimals = 2 if max(map(abs, values)) >= LARGE else 4
        row = [metric.name, *(_mean(side, decimals) for side in (metric.first, metric.second))]
        row.append(signed(metric.paired.mean, decimals))
        if side.is_cell:
            known = metric.paired.sd > 0  # pairs that all differ alike leave nothing to estimate an interval from
            ends = (signed(end, decimals) for end in (metric.paired.low, metric.paired.high))
            row += [" to ".join(ends) if known else NONE, str(metric.paired.n)]
        rows.append(row)
    spread = " (mean ± sample standard deviation over seeds)" if side.is_cell else ""
    return Table(f"What both reached{spread}, accuracies in percent.", header, rows)


def _mean(values: Sequence[float], decimals: int) -> str:
    spread = f" ± {plain(statistics.sd(values), decimals)}" if len(values) > 1 else ""
    return plain(statistics.mean(values), decimals) + spread


def _lines(settings: Sequence[Setting]) -> list[list[str]]:
    return [[setting.name, written(setting.first), written(setting.second)] for setting in settings]


def written(value: Any) -> str:
    """A value as a person would write it."""
    if value is None:
        return NONE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return number(value)
    return phrase(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _unchanged(first: Side, second: Side) -> list[Section]:
    """What a reader would look for in vain, and which runs are left out."""
    said = [] if differences.settings(first, second) else ["No setting differs."]
    for side in (first, second):
        lost = [str(seed) for seed, run in side.runs.items() if run.diverged]
        if lost:
            said.append(f"Diverged, and left out of metrics and curves: seed {', '.join(lost)} of `{side.path}`.")
    return [Section("What is not shown", sentences=said)] if said else []


def _curves_caption(first: Side, second: Side) -> str:
    a, b = names(first, second)
    lines = " Thin: single seeds; thick: their mean." if max(len(first.counted), len(second.counted)) > 1 else ""
    return f"Every metric by epoch, `{a}` in blue and `{b}` in red.{lines}"
