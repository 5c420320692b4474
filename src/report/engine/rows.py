"""Rows as values: a dataclass whose fields are columns, each with what it means, as CSV and back."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import astuple, fields
from pathlib import Path
from typing import Any, TypeVar

from report.engine.errors import ReportError

Row = TypeVar("Row")

_KINDS = {"str": "text", "int": "a whole number", "float": "a number"}


def meanings(row: type) -> dict[str, str]:
    """The names of the columns and what they mean."""
    return {one.name: one.metadata["meaning"] for one in fields(row)}


def encode(rows: Sequence[Any]) -> bytes:
    """Rows of one type, at least one, as CSV with a header; numbers in full, ``None`` as an empty field."""
    return encode_plain(list(meanings(type(rows[0]))), map(astuple, rows))


def encode_plain(header: Sequence[str], rows: Iterable[Sequence]) -> bytes:
    """Any table as CSV."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()


def read(path: Path, row: type[Row], writer: str) -> list[Row]:
    """Rows that :func:`encode` wrote for the command ``writer``.

    Raises:
        ReportError: if the file is missing, empty, has other columns or a number that is none.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            header, *lines = csv.reader(file)
    except FileNotFoundError:
        raise ReportError(f"{path}: there is no such file; `python -m {writer}` writes it") from None
    except (OSError, ValueError, csv.Error) as error:
        raise ReportError(f"{path}: is not a readable CSV file: {error}") from None
    if header != list(meanings(row)) or not lines:
        raise ReportError(f"{path}: expected at least one row and the columns {','.join(meanings(row))}")
    return [_parse(f"{path}, line {number}", row, line) for number, line in enumerate(lines, start=2)]


def _parse(where: str, row: type[Row], line: list[str]) -> Row:
    if len(line) != len(fields(row)):
        raise ReportError(f"{where}: {len(line)} fields, expected {len(fields(row))}")
    return row(*(_value(where, one.name, one.type, text) for one, text in zip(fields(row), line, strict=True)))


def _value(where: str, name: str, kind: str, text: str) -> str | int | float | None:
    """The value of a field whose annotation is ``kind``, such as ``int | None``."""
    plain = kind.removesuffix(" | None")
    if not text and plain != kind:
        return None
    try:
        return {"str": str, "int": int, "float": float}[plain](text)
    except ValueError:
        raise ReportError(f"{where}: {name} is {text!r}, expected {_KINDS[plain]}") from None
