"""Errors of the reports, and how the command lines show them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from netspec.console import guarded
from train.printable import lines
from train.schema import ConfigError, load_mapping, validate


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


def run(parser: argparse.ArgumentParser, arguments: Sequence[str] | None) -> int:
    """Run the command that ``arguments`` name, which ``parser`` stores under ``run``; return the exit status.

    A :class:`ReportError`, or a file that cannot be read or written, becomes one line on standard error and status 1.
    """
    return guarded(lambda: _run(parser, arguments), "report", "remark")


def _run(parser: argparse.ArgumentParser, arguments: Sequence[str] | None) -> int:
    parsed = parser.parse_args(arguments)
    try:
        parsed.run(parsed)
    except (ReportError, ConfigError) as error:
        message = str(error)
    except OSError as error:
        message = f"{error.filename}: cannot be read or written ({error.strerror})"
    else:
        return 0
    print(f"report: error: {lines(message)}", file=sys.stderr)
    return 1
