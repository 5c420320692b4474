"""``python -m report``: the report in three steps that meet in files, each a rule of the workflow.

``table`` reads the results and writes CSV, ``figure`` draws from the CSV, ``document`` sets the page.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from netspec.ownership import write_all
from report.errors import ReportError, run
from train.config import limits


def _table(arguments: argparse.Namespace) -> None:
    from report import table
    from report.load import load

    cells = load(arguments.results, arguments.cells, arguments.seeds)
    write_all(
        {
            arguments.out: table.encode(table.per_cell(cells)),
            arguments.runs: table.encode(table.per_run(cells)),
            arguments.curves: table.encode(table.curves(table.order(cells))),
        }
    )


def _figure(arguments: argparse.Namespace) -> None:
    from report import divergence, figures, table

    cells = table.read(arguments.table, list(table.CELL_COLUMNS))
    runs = table.read(arguments.runs, list(table.RUN_COLUMNS))
    curves = table.read(arguments.curves, table.CURVE_COLUMNS)
    write_all(
        {
            arguments.out: figures.difference_figure(cells, runs),
            arguments.out_curves: figures.curves_figure(divergence.counted_curves(curves, runs), cells),
        }
    )


def _document(arguments: argparse.Namespace) -> None:
    from report import document, markdown, table, typeset
    from report.load import load

    cells = table.order(load(arguments.results, arguments.cells, arguments.seeds))
    frame = table.read(arguments.table, list(table.CELL_COLUMNS))
    runs = table.read(arguments.runs, list(table.RUN_COLUMNS))
    if list(frame["cell"]) != [cell.name for cell in cells]:
        raise ReportError(
            f"{arguments.table}: its cells are not those of --cells; `python -m report table` writes it anew"
        )
    strips = typeset.strips(arguments.previews, list(frame["cell"]))
    content = document.content(cells, frame, runs, strips)
    folder = arguments.out.parent
    tables = (arguments.table, arguments.runs, arguments.curves)
    links = {path.name: Path(os.path.relpath(path, folder)).as_posix() for path in tables}
    figures = (arguments.figure, arguments.figure_curves)
    (page,) = typeset.compile_page(content, *figures, links)
    text = markdown.render(content, arguments.markdown.parent, *figures, links)
    write_all({arguments.out: page, arguments.markdown: text.encode()})


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="python -m report", description=__doc__.splitlines()[0].replace("``", ""))
    commands = top.add_subparsers(required=True, metavar="command")

    results = argparse.ArgumentParser(add_help=False)
    results.add_argument("--results", type=Path, required=True, metavar="DIR", help="results of one data set")
    results.add_argument(
        "--cells", nargs="+", type=limits.name, required=True, metavar="CELL", help="names of the cells, in any order"
    )
    results.add_argument(
        "--seeds", nargs="+", type=limits.seed, required=True, metavar="K", help="seeds, the same for every cell"
    )

    tables = argparse.ArgumentParser(add_help=False)
    tables.add_argument("--runs", type=Path, required=True, metavar="CSV", help="table with one row per run")
    tables.add_argument("--curves", type=Path, required=True, metavar="CSV", help="table of all metrics, tidy")

    command = commands.add_parser("table", parents=[results, tables], help="read the results, write the tables")
    command.add_argument("--out", type=Path, required=True, metavar="CSV", help="table with one row per cell")
    command.set_defaults(run=_table, writes=("out", "runs", "curves"))

    command = commands.add_parser("figure", parents=[tables], help="draw both figures from the tables")
    command.add_argument("--table", type=Path, required=True, metavar="CSV", help="table with one row per cell")
    command.add_argument("--out", type=Path, required=True, metavar="SVG", help="differences from bare")
    command.add_argument("--out-curves", type=Path, required=True, metavar="SVG", help="validation curves")
    command.set_defaults(run=_figure, writes=("out", "out_curves"))

    command = commands.add_parser("document", parents=[results, tables], help="set the page as PDF and Markdown")
    command.add_argument("--table", type=Path, required=True, metavar="CSV", help="table with one row per cell")
    command.add_argument("--figure", type=Path, required=True, metavar="SVG", help="differences from bare")
    command.add_argument("--figure-curves", type=Path, required=True, metavar="SVG", help="validation curves")
    command.add_argument(
        "--previews", type=Path, nargs="*", default=[], metavar="PNG", help="<cell>.png for every cell, or none at all"
    )
    command.add_argument("--out", type=Path, required=True, metavar="PDF", help="the report")
    command.add_argument("--markdown", type=Path, required=True, metavar="MD", help="the same in Markdown")
    command.set_defaults(run=_document, writes=("out", "markdown"))
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    return run(parser(), arguments)


if __name__ == "__main__":
    sys.exit(main())
