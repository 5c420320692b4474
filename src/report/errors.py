"""Errors of the reports, and how the command lines show them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from netspec.ownership import OutputError, check_apart, reading


class ReportError(ValueError):
    """Input that cannot be reported on: the message names the file and key, what is there and what was expected."""


def run(parser: argparse.ArgumentParser, arguments: Sequence[str] | None) -> int:
    """Run the command that ``arguments`` name, which ``parser`` stores under ``run``; return the exit status.

    ``writes`` beside it names the options that are outputs; every other path is an input, which nothing is written over
    or into. A :class:`ReportError`, an output that is not ours to write, or a file that cannot be read or written,
    becomes one line on standard error and status 1.
    """
    parsed = parser.parse_args(arguments)
    try:
        check_apart({f"--{name.replace('_', '-')}": getattr(parsed, name) for name in _outputs(parsed)}, {})
        with reading(_inputs(parsed)):
            parsed.run(parsed)
    except (ReportError, OutputError) as error:
        message = str(error)
    except OSError as error:
        message = f"{error.filename}: cannot be read or written ({error.strerror})"
    else:
        return 0
    print(f"report: error: {message}", file=sys.stderr)
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
