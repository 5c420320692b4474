"""Rows of the check as CSV, and back."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import astuple, fields
from pathlib import Path
from typing import TypeVar

from netspec.gradcheck.results import Catch, Result
from report.errors import ReportError
from report.params.records import columns, encode_plain

Row = TypeVar("Row", Result, Catch)

_PARSERS = {"str": str, "int": int, "float": float, "float | None": lambda text: float(text) if text else None}


def encode(rows: Sequence[Row]) -> bytes:
    """Rows as CSV with a header; numbers in full, ``None`` as an empty field."""
    return encode_plain(list(columns(type(rows[0]))), map(astuple, rows))


def read(path: Path, row: type[Row]) -> list[Row]:
    """Rows that :func:`encode` wrote.

    Raises:
        ReportError: if the file is missing, empty, has other columns or a number that is none.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            header, *lines = csv.reader(file)
    except FileNotFoundError:
        raise ReportError(f"{path}: there is no such file; `python -m report.gradcheck` writes it") from None
    except (OSError, ValueError, csv.Error) as error:
        raise ReportError(f"{path}: is not a readable CSV file: {error}") from None
    if header != list(columns(row)) or not lines:
        raise ReportError(f"{path}: expected at least one row and the columns {','.join(columns(row))}")
    return [_parse(path, number, row, line) for number, line in enumerate(lines, start=2)]


def _parse(path: Path, number: int, row: type[Row], line: list[str]) -> Row:
    if len(line) != len(fields(row)):
        raise ReportError(f"{path}, line {number}: {len(line)} fields, expected {len(fields(row))}")
    values = []
    for column, text in zip(fields(row), line, strict=True):
        try:
            values.append(_PARSERS[column.type](text))
        except ValueError:
            raise ReportError(f"{path}, line {number}: {column.name} is {text!r}, expected a number") from None
    return row(*values)
