"""Errors of the reports, and how the command lines show them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from netspec.console import guarded
from netspec.ownership import OutputError, check_apart, reading
from train.config.printable import lines
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


def run(parser: argparse.ArgumentParser, arguments: Sequence[str] | None) -> int:
    """Run the command that ``arguments`` name, which ``parser`` stores under ``run``; return the exit status.

    ``writes`` beside it names the options that are outputs; every other path is an input, which nothing is written over
    or into. A :class:`ReportError`, an output that is not ours to write, or a file that cannot be read or written,
    becomes one line on standard error and status 1.
    """
    return guarded(lambda: _run(parser, arguments), "report", "remark")


def _run(parser: argparse.ArgumentParser, arguments: Sequence[str] | None) -> int:
    parsed = parser.parse_args(arguments)
    try:
        check_apart({f"--{name.replace('_', '-')}": getattr(parsed, name) for name in _outputs(parsed)}, {})
        with reading(_inputs(parsed)):
            parsed.run(parsed)
    except (ReportError, ConfigError, OutputError) as error:
        message = str(error)
    except OSError as error:
        message = f"{error.filename}: cannot be read or written ({error.strerror})"
    else:
        return 0
    print(f"report: error: {lines(message)}", file=sys.stderr)
    return 1


def _outputs(parsed: argparse.Namespace) -> tuple[str, ...]:
    """The options that a command writes: its ``writes``, by default ``out`` alone."""
    return getattr(parsed, "writes", ("out",))


def _inputs(parsed: argparse.Namespace) -> list[Path]:
    """The paths that a command reads."""
    values = (value for name, value in vars(parsed).items() if name not in _outputs(parsed))
    return [
        path for value in values for path in (value if isinstance(value, list) else [value]) if isinstance(path, Path)
    ]
