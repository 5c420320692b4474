"""``python -m report.trials``: the page on claims that were tried."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from report.engine.command import run, stem
from report.engine.errors import ReportError


def _report(arguments: argparse.Namespace) -> None:
    from report.trials.page import write
    from report.trials.verdicts import load

    if len(arguments.trials) != len(arguments.results):
        raise ReportError(f"{len(arguments.trials)} trials and {len(arguments.results)} results, expected as many")
    write([load(one, found) for one, found in zip(arguments.trials, arguments.results, strict=True)], arguments.out)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="python -m report.trials", description=__doc__)
    top.add_argument("--trials", type=Path, nargs="+", required=True, metavar="YAML", help="files of config/trials")
    top.add_argument("--results", type=Path, nargs="+", required=True, metavar="JSON", help="what each of them wrote")
    top.add_argument("--out", type=stem, required=True, metavar="STEM", help="the report without its ending")
    top.set_defaults(run=_report)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return the exit status."""
    return run(parser(), arguments)


if __name__ == "__main__":
    sys.exit(main())
