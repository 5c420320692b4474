"""``python -m report.bench``: the timed training steps of ``results/bench`` as one table."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from netspec.ownership import write_all
from report.bench.page import page
from report.bench.rows import COLUMNS, row_of
from report.engine.command import run, stem
from report.engine.files import ending, files
from report.engine.rows import encode_plain
from report.kept.about import about


def _report(arguments: argparse.Namespace) -> None:
    rows = [row_of(path) for path in arguments.steps]
    table = encode_plain(COLUMNS, ([row[name] for name in COLUMNS] for row in rows))
    made = files(page(rows, about(arguments.steps[0].parent)), arguments.out)
    write_all({ending(arguments.out, ".csv"): table} | made)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="python -m report.bench", description="The table of timed training steps.")
    top.add_argument("steps", type=Path, nargs="+", metavar="STEP", help="outputs of `python -m train bench-step`")
    top.add_argument("--out", type=stem, required=True, metavar="STEM", help="the report without its ending")
    top.set_defaults(run=_report)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the report and return the exit status."""
    return run(parser(), arguments)


if __name__ == "__main__":
    sys.exit(main())
