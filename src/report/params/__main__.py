"""``python -m report.params``: the catalogue by three commands that meet in files, each a rule of the workflow.

``tables`` counts and writes CSV and Markdown, ``figure`` draws from the CSV, ``document`` sets the report.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import astuple, fields
from pathlib import Path

from netspec.ownership import write_all
from report.engine.command import run
from report.engine.errors import ReportError
from report.engine.rows import encode, encode_plain, read
from report.params.rows import Catalogue, Part, Variant

WRITER = "report.params tables"


def _tables(arguments: argparse.Namespace) -> None:
    from report.params import chapter, collect, markdown

    counted = collect.collect()
    printed = chapter.tables(counted)
    out = arguments.out
    files = {
        out / "params.csv": encode(counted.variants),
        out / "other_forms.csv": encode(counted.others),
        out / "parts.csv": encode(counted.parts),
    }
    for table in printed:
        files[out / "chapter" / f"{table.slug}.csv"] = encode_plain(table.header, table.lines())
    for name, rows in counted.domains.items():
        stem = out / "domains" / markdown.slug(name)
        files[stem.with_suffix(".csv")] = encode(rows)
        files[stem.with_suffix(".md")] = markdown.domain_page(name, rows, stem).encode()
    for name, rows in counted.entries.items():
        layers = collect.layers(rows)
        own = [table for table in printed if table.rows[0].variant.entry == name and table.columns]
        stem = out / "entries" / markdown.slug(name)
        files[stem.with_suffix(".csv")] = encode(layers)
        files[stem.with_suffix(".md")] = markdown.entry_page(name, rows, layers, own, stem).encode()
    files[out / "params.md"] = markdown.index_page(counted, printed, out / "params").encode()
    write_all(files)


def _figure(arguments: argparse.Namespace) -> None:
    from report.params import figure

    counted = Catalogue(tuple(read(arguments.table, Variant, WRITER)), (), ())
    write_all({arguments.out: figure.catalogue_figure(counted)})


def _document(arguments: argparse.Namespace) -> None:
    from report.engine.typeset import compile_page
    from report.params import chapter, page

    counted = Catalogue(
        tuple(read(arguments.table, Variant, WRITER)),
        tuple(read(arguments.other_forms, Variant, WRITER)),
        tuple(read(arguments.parts, Part, WRITER)),
    )
    try:
        drawing = arguments.figure.read_bytes()
    except OSError as error:
        raise ReportError(f"{arguments.figure}: cannot be read: {error.strerror}") from None
    stem = arguments.figure.with_suffix("")
    (document,) = compile_page(page.page(counted, chapter.tables(counted)), stem, {"*.svg": drawing})
    write_all({arguments.out: document})


def _functions(arguments: argparse.Namespace) -> None:
    from netspec import functions

    names = [field.name for field in fields(functions.Found)]
    rows = []
    for found in functions.all_found():
        print(*astuple(found), sep=" | ", flush=True)
        rows.append(astuple(found))
    write_all({arguments.out: encode_plain(names, rows)})


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="python -m report.params", description=__doc__.splitlines()[0].replace("`", ""))
    commands = top.add_subparsers(required=True, metavar="command")

    command = commands.add_parser("tables", help="count the catalogue, write CSV and Markdown")
    command.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of all tables")
    command.set_defaults(run=_tables)

    table = argparse.ArgumentParser(add_help=False)
    table.add_argument("--table", type=Path, required=True, metavar="CSV", help="params.csv")

    command = commands.add_parser("figure", parents=[table], help="draw the catalogue at a glance")
    command.add_argument("--out", type=Path, required=True, metavar="SVG", help="the figure")
    command.set_defaults(run=_figure)

    command = commands.add_parser("functions", help="find out which networks compute what their reference computes")
    command.add_argument("--out", type=Path, required=True, metavar="CSV", help="book_functions.csv; takes minutes")
    command.set_defaults(run=_functions)

    command = commands.add_parser("document", parents=[table], help="set the report as PDF")
    command.add_argument("--other-forms", type=Path, required=True, metavar="CSV", help="other_forms.csv")
    command.add_argument("--parts", type=Path, required=True, metavar="CSV", help="parts.csv")
    command.add_argument("--figure", type=Path, required=True, metavar="SVG", help="the figure")
    command.add_argument("--out", type=Path, required=True, metavar="PDF", help="the report")
    command.set_defaults(run=_document)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    return run(parser(), arguments)


if __name__ == "__main__":
    sys.exit(main())
