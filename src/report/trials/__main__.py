"""``python -m report.trials``: the page on claims that were tried."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from report.engine.command import run, stem
from report.engine.errors import ReportError


def _claims(arguments: argparse.Namespace) -> None:
    from report.trials.page import kept, write
    from report.trials.verdicts import load

    if len(arguments.trials) != len(arguments.results):
        raise ReportError(f"{len(arguments.trials)} trials and {len(arguments.results)} results, expected as many")
    tried = [load(one, found) for one, found in zip(arguments.trials, arguments.results, strict=True)]
    write(tried, arguments.out, [kept(record) for record in arguments.comparisons])


def _example(arguments: argparse.Namespace) -> None:
    from report.trials.example import write
    from report.trials.verdicts import load

    write(load(arguments.trial, arguments.results), arguments.out)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="python -m report.trials", description=__doc__)
    commands = top.add_subparsers(required=True, metavar="command")

    command = commands.add_parser("claims", help="one page on all trials, examples and recorded comparisons")
    command.add_argument("--trials", type=Path, nargs="+", required=True, metavar="YAML", help="files of config/trials")
    command.add_argument("--results", type=Path, nargs="+", required=True, metavar="JSON", help="what each wrote")
    command.add_argument(
        "--comparisons", type=Path, nargs="*", default=[], metavar="DIR", help="records whose claims join these"
    )
    command.add_argument("--out", type=stem, required=True, metavar="STEM", help="the report without its ending")
    command.set_defaults(run=_claims)

    command = commands.add_parser("example", help="the page of one example of the document")
    command.add_argument("--trial", type=Path, required=True, metavar="YAML", help="a file of config/examples")
    command.add_argument("--results", type=Path, required=True, metavar="JSON", help="what it wrote")
    command.add_argument("--out", type=stem, required=True, metavar="STEM", help="the report without its ending")
    command.set_defaults(run=_example)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return the exit status."""
    return run(parser(), arguments)


if __name__ == "__main__":
    sys.exit(main())
