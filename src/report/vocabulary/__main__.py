"""``python -m report.vocabulary``: the vocabulary by commands that meet in files, each a rule of the workflow.

``check`` holds the terms to their properties, ``document`` writes terms, page and errata, ``tables`` recomputes the
document's tables, ``verdict`` says whether all properties hold and all errors are shown.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from netspec.ownership import write_all
from netspec.vocabulary import FAMILIES, entries
from netspec.vocabulary.check import Caught, Held
from report.engine.command import part, run
from report.engine.errors import ReportError
from report.engine.files import files
from report.engine.markdown import joined, meanings
from report.engine.rows import encode, read
from report.vocabulary.rows import ErratumRow, TermRow
from train.machine.runtime import start_jax

WRITER = "report.vocabulary"


def dealt(part: int, parts: int) -> list[str]:
    """The families of one part: each goes to the part with the fewest terms so far, the largest first."""
    sizes = {family: sum(one.executable for one in entries().values() if one.family == family) for family in FAMILIES}
    loads, hands = [0] * parts, [[] for _ in range(parts)]
    for family in sorted(sizes, key=lambda family: -sizes[family]):
        least = loads.index(min(loads))
        loads[least] += sizes[family]
        hands[least].append(family)
    return [family for family in FAMILIES if family in hands[part - 1]]


def _check(arguments: argparse.Namespace) -> None:
    from netspec.vocabulary.check import check_all

    start_jax()
    found = list(check_all(dealt(*arguments.part)))
    caught = [one for _, several in found for one in several]
    write_all({arguments.out: encode([held for held, _ in found]), arguments.mistakes: encode(caught)})


def _document(arguments: argparse.Namespace) -> None:
    from report.vocabulary import errata, page
    from report.vocabulary.rows import erratum_rows, term_rows

    held = _in_order([row for path in arguments.results for row in read(path, Held, WRITER)])
    caught = _in_order([row for path in arguments.mistakes for row in read(path, Caught, WRITER)])
    terms, errors = term_rows(held), erratum_rows(caught)
    folder = arguments.out
    columns = (("terms.csv", TermRow), ("properties.csv", Held), ("mistakes.csv", Caught))
    appendix = joined(part for name, row in columns for part in meanings(f"`{name}`", row))
    made = files(page.page(terms, held, caught, errors), folder / "vocabulary", appendix=appendix)
    made |= files(errata.page(errors), folder / "errata", appendix=joined(meanings("`errata.csv`", ErratumRow)))
    tables = {"terms": terms, "properties": held, "mistakes": caught, "errata": errors}
    write_all({folder / f"{name}.csv": encode(rows) for name, rows in tables.items()} | made)


def _tables(arguments: argparse.Namespace) -> None:
    from netspec.vocabulary.tables import Figure, figures
    from report.vocabulary import tables

    start_jax()
    found = tables.tried(figures(), arguments.claims)
    made = files(tables.page(found), arguments.out / "tables", appendix=joined(meanings("`tables.csv`", Figure)))
    write_all({arguments.out / "tables.csv": encode(found)} | made)


def _verdict(arguments: argparse.Namespace) -> None:
    held = read(arguments.results, Held, WRITER)
    errors = read(arguments.errata, ErratumRow, WRITER)
    failed = [f"{one.term}: {one.sentence} ({one.verdict})" for one in held if one.verdict != "pass"]
    failed += [f"line {one.line}: {one.printed} (not shown)" for one in errors if one.verdict != "shown"]
    if failed:
        raise ReportError(f"{arguments.results}: {len(failed)} of the vocabulary’s claims fail: {'; '.join(failed)}")
    text = f"All {len(held)} properties of the vocabulary hold, and all {len(errors)} errors of the document are shown."
    write_all({arguments.out: f"{text}\n".encode()})
    print(text)


def _in_order(found: list) -> list:
    """Rows in the order of the families, whichever job checked them."""
    families = list(FAMILIES)
    return sorted(found, key=lambda row: families.index(row.family))


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(
        prog="python -m report.vocabulary", description=__doc__.splitlines()[0].replace("`", "")
    )
    commands = top.add_subparsers(required=True, metavar="command")
    command = commands.add_parser("check", help="hold terms to their properties")
    command.add_argument("--part", type=part, default=(1, 1), metavar="K/N", help="the K-th of N parts (default: all)")
    command.add_argument("--out", type=Path, required=True, metavar="CSV", help="a row per property")
    command.add_argument("--mistakes", type=Path, required=True, metavar="CSV", help="a row per wrong implementation")
    command.set_defaults(run=_check, writes=("out", "mistakes"))

    command = commands.add_parser("document", help="write terms, page and errata")
    several: dict[str, Any] = {"type": Path, "required": True, "nargs": "+", "metavar": "CSV"}
    command.add_argument("--results", **several, help="the properties checked")
    command.add_argument("--mistakes", **several, help="the wrong implementations tried")
    command.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where to")
    command.set_defaults(run=_document)

    command = commands.add_parser("tables", help="recompute the tables of the document")
    command.add_argument(
        "--claims",
        type=Path,
        nargs="*",
        default=[],
        metavar="YAML",
        help="whose claims try figures of the tables",
    )
    command.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where to")
    command.set_defaults(run=_tables)

    command = commands.add_parser("verdict", help="fail unless every property holds and every error is shown")
    command.add_argument("--results", type=Path, required=True, metavar="CSV", help="properties.csv")
    command.add_argument("--errata", type=Path, required=True, metavar="CSV", help="errata.csv")
    command.add_argument("--out", type=Path, required=True, metavar="TXT", help="what holds, in a sentence")
    command.set_defaults(run=_verdict)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    return run(parser(), arguments)


if __name__ == "__main__":
    sys.exit(main())
