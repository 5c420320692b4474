"""``python -m report.networks``: the table of all networks, as CSV, Markdown and PDF, from one record per network."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path

from netspec.ownership import write_all
from report.errors import ReportError, run
from report.networks import document, records
from report.params.records import encode_plain
from report.record import ABOUT, about


def _report(arguments: argparse.Namespace) -> None:
    from report.pages import compile_template

    paths = sorted(path for path in arguments.records.glob("*.json") if path.name != ABOUT)
    rows = records.read(paths)
    if not rows:
        raise ReportError(f"{arguments.records}: holds no records, expected some that `netspec run --json` wrote")
    kept = about(arguments.records)
    (page,) = compile_template("networks.typ", document.content(rows, kept), {})
    write_all(
        {
            arguments.out.with_suffix(".csv"): encode_plain(list(records.columns()), map(astuple, rows)),
            arguments.out.with_suffix(".md"): document.markdown(rows, kept).encode(),
            arguments.out.with_suffix(".pdf"): page,
        }
    )


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="python -m report.networks", description="The table of all networks.")
    top.add_argument("--records", type=Path, required=True, metavar="DIR", help="folder of `netspec run --json` files")
    top.add_argument("--out", type=Path, required=True, metavar="PDF", help="the report; CSV and Markdown beside it")
    top.set_defaults(run=_report)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the report and return the exit status."""
    return run(parser(), arguments)


if __name__ == "__main__":
    sys.exit(main())
