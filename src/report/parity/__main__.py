"""``python -m report.parity``: every recorded case compared, and the page on all."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from netspec.ownership import write_all
from report.engine.command import run, stem
from report.engine.errors import ReportError
from report.engine.files import ending, files
from report.engine.rows import encode_plain
from report.parity import run as running
from report.parity.page import page


def _compare(arguments: argparse.Namespace) -> None:
    found = running.folders(arguments.cases)
    if not found:
        raise ReportError(f"{', '.join(map(str, arguments.cases))}: no cases, expected folders with manifest.json")
    rows, unseen = [], []
    for place, folder in enumerate(found[arguments.part - 1 :: arguments.parts]):
        row, blind = running.row(folder, arguments.largest)
        rows.append({"place": place * arguments.parts + arguments.part, **row})
        unseen += blind
        print(f"{row['case']}: {row['function']} {row['reason']}", flush=True)
    write_all({arguments.out: json.dumps({"rows": rows, "unseen": unseen}).encode()})


def _page(arguments: argparse.Namespace) -> None:
    read = [json.loads(path.read_text()) for path in arguments.parts]
    rows = sorted((row for part in read for row in part["rows"]), key=lambda row: row["place"])
    unseen = [row for part in read for row in part["unseen"]]
    tables = {
        ending(arguments.out, ".csv"): encode_plain(running.COLUMNS, ([r[c] for c in running.COLUMNS] for r in rows)),
        arguments.out.with_name(f"{arguments.out.name}_unseen.csv"): encode_plain(
            running.BLIND, ([r[c] for c in running.BLIND] for r in unseen)
        ),
    }
    write_all(tables | files(page(rows, unseen), arguments.out))


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="python -m report.parity", description=__doc__)
    commands = top.add_subparsers(required=True)
    command = commands.add_parser("compare", help="compare some of the cases")
    command.add_argument("cases", type=Path, nargs="+", metavar="FOLDER", help="a case, or a folder of cases")
    command.add_argument("--part", type=int, default=1, help="which part of them, counted from 1")
    command.add_argument("--parts", type=int, default=1, help="how many parts there are")
    command.add_argument("--largest", type=int, default=30_000_000, help="parameters up to which float64 is run, too")
    command.add_argument("--out", type=Path, required=True, metavar="FILE", help="JSON")
    command.set_defaults(run=_compare)
    command = commands.add_parser("page", help="the report")
    command.add_argument("parts", type=Path, nargs="+", metavar="JSON", help="what compare wrote")
    command.add_argument("--out", type=stem, required=True, metavar="STEM", help="the report without its ending")
    command.set_defaults(run=_page)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status."""
    return run(parser(), arguments)


if __name__ == "__main__":
    sys.exit(main())
