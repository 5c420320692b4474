"""What is wrong with the input of a report, and JSON files that are checked before they are believed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from train.config.schema import ConfigError, load_mapping, validate


class ReportError(ValueError):
    """Input that cannot be reported on: the message names the file and key, what is there and what was expected."""


@contextmanager
def as_report_error() -> Iterator[None]:
    """What is wrong with a file as a :class:`ReportError`."""
    try:
        yield
    except ConfigError as error:
        raise ReportError(str(error)) from None


def read_json(path: Path, advice: str, schema: str | None = None) -> dict[str, Any]:
    """The mapping in a JSON file that a program wrote, checked against a schema if one is named.

    ``advice`` is the way out that ends every message.

    Raises:
        ReportError: naming the file and the key.
    """
    with as_report_error():
        found = load_mapping(path, advice)
        if schema:
            check(found, schema, path, advice)
    return found


def check(value: Any, schema: str, path: Path, advice: str) -> None:
    """Raise :class:`ReportError`, which ends with ``advice``, for what ``schema`` does not allow in ``path``."""
    try:
        validate(value, schema, str(path))
    except ConfigError as error:
        raise ReportError(f"{error}; {advice}") from None
