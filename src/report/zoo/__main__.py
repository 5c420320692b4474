"""``python -m report.zoo``: architectures compared in three steps that meet in files, each a rule of the workflow.

``table`` reads the results and writes CSV, ``figure`` draws from the CSV, ``document`` sets the page.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from netspec.ownership import write_all
from report.errors import ReportError, run
from train.config import limits

WRITER = "report.zoo"


def _table(arguments: argparse.Namespace) -> None:
    from report.load import load
    from report.table import curves, encode
    from report.zoo import table

    cells = load(arguments.results, arguments.cells, arguments.seeds)
    write_all(
        {
            arguments.out: encode(table.per_architecture(cells)),
            arguments.runs: encode(table.per_run(cells)),
            arguments.curves: encode(curves(cells)),
        }
    )


def _read(arguments: argparse.Namespace):
    from report.table import read
    from report.zoo import table

    return (
        read(arguments.table, list(table.COLUMNS), WRITER),
        read(arguments.runs, list(table.RUN_COLUMNS), WRITER),
    )


def _figure(arguments: argparse.Namespace) -> None:
    from report.divergence import counted_curves
    from report.figures import curves_figure
    from report.table import CURVE_COLUMNS, read
    from report.zoo.figure import accuracy_figure

    table, runs = _read(arguments)
    curves = read(arguments.curves, CURVE_COLUMNS, WRITER)
    write_all(
        {
            arguments.out: accuracy_figure(table, runs),
            arguments.out_curves: curves_figure(counted_curves(curves, runs), table.assign(book_row=None), across=4),
        }
    )


def _document(arguments: argparse.Namespace) -> None:
    from report.load import load
    from report.pages import compile_template
    from report.zoo import document, markdown

    cells = load(arguments.results, arguments.cells, arguments.seeds)
    table, runs = _read(arguments)
    if list(table["cell"]) != [cell.name for cell in cells]:
        raise ReportError(
            f"{arguments.table}: its cells are not those of --cells; `python -m report.zoo table` writes it anew"
        )
    content = document.content(cells, table, runs)
    paths = (arguments.table, arguments.runs, arguments.curves)
    links = {path.name: Path(os.path.relpath(path, arguments.out.parent)).as_posix() for path in paths}
    pictures = {"accuracy.svg": arguments.figure, "curves.svg": arguments.figure_curves}
    (page,) = compile_template("zoo.typ", asdict(content) | {"links": list(links.items())}, pictures)
    text = markdown.render(content, arguments.markdown.parent, *pictures.values(), links)
    write_all({arguments.out: page, arguments.markdown: text.encode()})


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="python -m report.zoo", description=__doc__.splitlines()[0].replace("`", ""))
    commands = top.add_subparsers(required=True, metavar="command")

    results = argparse.ArgumentParser(add_help=False)
    results.add_argument("--results", type=Path, required=True, metavar="DIR", help="results of one data set")
    results.add_argument(
        "--cells", nargs="+", type=limits.name, required=True, metavar="CELL", help="names of the cells, in their order"
    )
    results.add_argument(
        "--seeds", nargs="+", type=limits.seed, required=True, metavar="K", help="seeds, the same for every cell"
    )

    tables = argparse.ArgumentParser(add_help=False)
    tables.add_argument("--runs", type=Path, required=True, metavar="CSV", help="table with one row per run")
    tables.add_argument("--curves", type=Path, required=True, metavar="CSV", help="table of all metrics, tidy")

    table = argparse.ArgumentParser(add_help=False)
    table.add_argument("--table", type=Path, required=True, metavar="CSV", help="table with one row per architecture")

    command = commands.add_parser("table", parents=[results, tables], help="read the results, write the tables")
    command.add_argument("--out", type=Path, required=True, metavar="CSV", help="table with one row per architecture")
    command.set_defaults(run=_table, writes=("out", "runs", "curves"))

    command = commands.add_parser("figure", parents=[tables, table], help="draw both figures from the tables")
    command.add_argument("--out", type=Path, required=True, metavar="SVG", help="accuracy against size")
    command.add_argument("--out-curves", type=Path, required=True, metavar="SVG", help="validation curves")
    command.set_defaults(run=_figure, writes=("out", "out_curves"))

    command = commands.add_parser("document", parents=[results, tables, table], help="set the page as PDF and Markdown")
    command.add_argument("--figure", type=Path, required=True, metavar="SVG", help="accuracy against size")
    command.add_argument("--figure-curves", type=Path, required=True, metavar="SVG", help="validation curves")
    command.add_argument("--out", type=Path, required=True, metavar="PDF", help="the report")
    command.add_argument("--markdown", type=Path, required=True, metavar="MD", help="the same in Markdown")
    command.set_defaults(run=_document, writes=("out", "markdown"))
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    return run(parser(), arguments)


if __name__ == "__main__":
    sys.exit(main())
