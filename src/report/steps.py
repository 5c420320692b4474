"""The command line of a report in three steps that meet in files, each a rule of the workflow.

``table`` reads the results and writes CSV, ``figure`` draws from the CSV, ``document`` sets the page.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from netspec.ownership import write_all
from report import blocks, trained
from report.errors import ReportError, run
from report.load import Cell, load
from report.table import CURVE_COLUMNS, curves, encode
from train.config import limits

if TYPE_CHECKING:
    import pandas as pd

    from report.blocks import Page


@dataclass(frozen=True)
class Report:
    """What differs from report to report.

    ``table(cells, lowered)`` gives a row per cell with ``columns``; ``figures(table, runs, curves)`` two SVG files;
    ``page(cells, table, curves, pictures)`` the document. ``lowered`` is the folder of lowered training steps, which
    only a report that ``lowers`` is given.
    """

    module: str
    summary: str
    columns: Iterable[str]
    table: Callable[[Sequence[Cell], Path | None], pd.DataFrame]
    figures: Callable[[pd.DataFrame, pd.DataFrame, pd.DataFrame], tuple[bytes, bytes]]
    page: Callable[[Sequence[Cell], pd.DataFrame, pd.DataFrame, tuple[Path, Path]], Page]
    lowers: bool = False

    def main(self, arguments: Sequence[str] | None = None) -> int:
        """Run one command and return its exit status."""
        return run(self.parser(), arguments)

    def parser(self) -> argparse.ArgumentParser:
        """The command line."""
        top = argparse.ArgumentParser(prog=f"python -m {self.module}", description=self.summary)
        commands = top.add_subparsers(required=True, metavar="command")
        results, tables, table = (argparse.ArgumentParser(add_help=False) for _ in range(3))
        results.add_argument("--results", type=Path, required=True, metavar="DIR", help="results of the experiment")
        results.add_argument(
            "--cells", nargs="+", type=limits.name, required=True, metavar="CELL", help="names of the cells, in order"
        )
        results.add_argument(
            "--seeds", nargs="+", type=limits.seed, required=True, metavar="K", help="seeds, the same for every cell"
        )
        tables.add_argument("--runs", type=Path, required=True, metavar="CSV", help="table with one row per run")
        tables.add_argument("--curves", type=Path, required=True, metavar="CSV", help="table of all metrics, tidy")
        table.add_argument("--table", type=Path, required=True, metavar="CSV", help="table with one row per cell")

        command = commands.add_parser("table", parents=[results, tables], help="read the results, write the tables")
        if self.lowers:
            command.add_argument("--lowered", type=Path, required=True, metavar="DIR", help="lowered training steps")
        command.add_argument("--out", type=Path, required=True, metavar="CSV", help="table with one row per cell")
        command.set_defaults(run=self._table, writes=("out", "runs", "curves"))

        command = commands.add_parser("figure", parents=[tables, table], help="draw both figures from the tables")
        command.add_argument("--out", type=Path, required=True, metavar="SVG", help="the first figure")
        command.add_argument("--out-curves", type=Path, required=True, metavar="SVG", help="validation curves")
        command.set_defaults(run=self._figures, writes=("out", "out_curves"))

        command = commands.add_parser("document", parents=[results, tables, table], help="set the page")
        command.add_argument("--figure", type=Path, required=True, metavar="SVG", help="the first figure")
        command.add_argument("--figure-curves", type=Path, required=True, metavar="SVG", help="validation curves")
        command.add_argument("--out", type=Path, required=True, metavar="PDF", help="the report")
        command.add_argument("--markdown", type=Path, required=True, metavar="MD", help="the same in Markdown")
        command.set_defaults(run=self._document, writes=("out", "markdown"))
        return top

    def _table(self, arguments: argparse.Namespace) -> None:
        cells = load(arguments.results, arguments.cells, arguments.seeds)
        write_all(
            {
                arguments.out: encode(self.table(cells, getattr(arguments, "lowered", None))),
                arguments.runs: encode(trained.per_run(cells)),
                arguments.curves: encode(curves(cells)),
            }
        )

    def _read(self, arguments: argparse.Namespace) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        return (
            trained.read(arguments.table, self.columns, self.module),
            trained.read(arguments.runs, trained.RUN_COLUMNS, self.module),
            trained.read(arguments.curves, CURVE_COLUMNS, self.module),
        )

    def _figures(self, arguments: argparse.Namespace) -> None:
        first, second = self.figures(*self._read(arguments))
        write_all({arguments.out: first, arguments.out_curves: second})

    def _document(self, arguments: argparse.Namespace) -> None:
        cells = load(arguments.results, arguments.cells, arguments.seeds)
        table, _, progress = self._read(arguments)
        if list(table["cell"]) != [cell.name for cell in cells]:
            raise ReportError(
                f"{arguments.table}: its cells are not those of --cells; `python -m {self.module} table` writes it anew"
            )
        page = self.page(cells, table, progress, (arguments.figure, arguments.figure_curves))
        folder = arguments.out.parent
        paths = (arguments.table, arguments.runs, arguments.curves)
        links = {path.name: Path(os.path.relpath(path, folder)).as_posix() for path in paths}
        (document,) = blocks.typeset(page, links)
        text = blocks.markdown(page, arguments.markdown.parent, links)
        write_all({arguments.out: document, arguments.markdown: text.encode()})
