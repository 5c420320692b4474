"""How every command of the reports is run: what it may write, and its mistakes in one line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from netspec.console import guarded
from netspec.ownership import OutputError, check_apart, reading
from report.engine.errors import ReportError
from train.config.printable import lines
from train.config.schema import ConfigError


def stem(text: str) -> Path:
    """The type of an option that names a report: a path without the ending, which each of its files adds."""
    path = Path(text)
    if path.suffix in (".pdf", ".md", ".csv", ".svg") or not path.name:
        raise argparse.ArgumentTypeError(f"{text!r}, expected the path of a report without its ending, as reports/zoo")
    return path


def part(text: str) -> tuple[int, int]:
    """The type of an option that says which part of some work is meant: ``2/4`` is the second of four."""
    number, _, parts = text.partition("/")
    if not (number.isdigit() and parts.isdigit() and 1 <= int(number) <= int(parts)):
        raise argparse.ArgumentTypeError(f"{text!r}, expected K/N with K from 1 to N")
    return int(number), int(parts)


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
