"""``python -m report.networks``: the table of all networks, from what ``netspec run --json`` wrote of each."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from netspec.ownership import write_all
from report.engine.command import run, stem
from report.engine.errors import ReportError
from report.engine.files import ending, files
from report.engine.rows import encode
from report.kept.about import ABOUT, about
from report.networks.page import page
from report.networks.rows import read


def _report(arguments: argparse.Namespace) -> None:
    rows = read(sorted(path for path in arguments.results.glob("*.json") if path.name != ABOUT))
    if not rows:
        raise ReportError(f"{arguments.results}: holds no networks, expected some that `netspec run --json` wrote")
    made = files(page(rows, about(arguments.results)), arguments.out)
    write_all({ending(arguments.out, ".csv"): encode(rows)} | made)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="python -m report.networks", description="The table of all networks.")
    top.add_argument("--results", type=Path, required=True, metavar="DIR", help="folder of `netspec run --json` files")
    top.add_argument("--out", type=stem, required=True, metavar="STEM", help="the report without its ending")
    top.set_defaults(run=_report)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the report and return the exit status."""
    return run(parser(), arguments)


if __name__ == "__main__":
    sys.exit(main())
