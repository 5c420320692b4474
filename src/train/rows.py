"""The rows ``(epoch, step, split, metric, value)`` of a run as text: ``metrics.csv``, whole or so far.

A value that is not finite stands as ``None`` and is an empty field (:mod:`train.divergence`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

HEADER = "epoch,step,split,metric,value\n"

Row = tuple[int, int, str, str, float | None]


def table(rows: Sequence[Sequence[Any]], header: bool = True) -> str:
    """The table of ``rows``; without ``header``, what is added to it."""
    lines = [",".join([*map(str, key), "" if value is None else repr(value)]) + "\n" for *key, value in rows]
    return "".join([HEADER, *lines] if header else lines)


def parsed(text: str) -> list[Row]:
    """The rows of a table, of which a last line without its end is left out: it may be one that is being written.

    Raises ``ValueError`` for what is no such table.
    """
    if not text.startswith(HEADER):
        raise ValueError(f"does not begin with {HEADER.strip()}")
    whole = text[len(HEADER) : text.rfind("\n") + 1]
    return [_row(number, line) for number, line in enumerate(whole.splitlines(), start=2)]


def _row(number: int, line: str) -> Row:
    try:
        epoch, step, split, metric, value = line.split(",")
        found = int(epoch), int(step), split, metric, float(value) if value else None
    except ValueError:
        raise ValueError(f"line {number} has other fields") from None
    if found[4] is not None and not math.isfinite(found[4]):
        raise ValueError(f"line {number} has a value that is not finite")
    return found
