"""Rows of a table from elsewhere: a CSV of ``netspec/reference``, whose rows state their source."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Row:
    """One row: its name and the columns as text."""

    name: str
    columns: Mapping[str, str]

    def number(self, column: str) -> float:
        """The first number in a column, such as 1400 of ``1400 ms``; NaN where there is none."""
        found = re.search(r"-?\d+(?:\.\d+)?(?:e-?\d+)?", self.columns[column])
        return float(found[0]) if found else math.nan

    def text(self, column: str) -> str:
        """The column as it stands, with a dash where it is empty."""
        return self.columns[column] or "–"


def text(name: str) -> str:
    """The contents of ``netspec/reference/NAME``."""
    return (files("netspec") / "reference" / name).read_text(encoding="utf-8")


def rows(name: str, key: Callable[[Mapping[str, str]], str]) -> dict[str, Row]:
    """The rows of a file by name, in its order."""
    return {key(record): Row(key(record), record) for record in csv.DictReader(text(name).splitlines())}


@cache
def frame(name: str) -> pd.DataFrame:
    """A file as a table."""
    import pandas as pd

    return pd.read_csv(io.StringIO(text(name)))
