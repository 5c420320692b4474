"""Errors of the reports, and how the command lines show them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from netspec.console import guarded


class ReportError(ValueError):
    """Input that cannot be reported on: the message names the file and key, what is there and what was expected."""


def run(parser: argparse.ArgumentParser, arguments: Sequence[str] | None) -> int:
    """Run the command that ``arguments`` name, which ``parser`` stores under ``run``; return the exit status.

    A :class:`ReportError`, or a file that cannot be read or written, becomes one line on standard error and status 1.
    """
    return guarded(lambda: _run(parser, arguments), "report", "remark")


def _run(parser: argparse.ArgumentParser, arguments: Sequence[str] | None) -> int:
    parsed = parser.parse_args(arguments)
    try:
        parsed.run(parsed)
    except ReportError as error:
        message = str(error)
    except OSError as error:
        message = f"{error.filename}: cannot be read or written ({error.strerror})"
    else:
        return 0
    print(f"report: error: {message}", file=sys.stderr)
    return 1
