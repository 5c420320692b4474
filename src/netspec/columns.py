"""Rows as frozen dataclasses: each field is a column and says what it means, for the CSV files that people read."""

from __future__ import annotations

from dataclasses import field
from typing import Any


def column(meaning: str) -> Any:
    """A field that is a column, with what it means."""
    return field(metadata={"meaning": meaning})
