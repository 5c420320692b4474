"""``python -m report``: pages on trained cells, two runs compared, results kept.

Reports on what is not trained have commands of their own: ``report.params``, ``report.gradcheck``, ``report.networks``,
``report.bench``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from report.engine.command import run, stem
from report.engine.errors import ReportError
from report.kept.packed import unpacked
from train.config import limits

#: Reports on trained cells: folders of this package whose ``page.py`` has a :class:`report.runs.command.Report` as
#: ``REPORT``, imported when it is asked for.
KINDS = (
    "ablation", "zoo", "imagenette", "imagenet", "sweep", "comparison", "optimizers", "schedules", "attention",
    "positions", "language", "segmentation", "diffusion", "detection",
)  # fmt: skip


def _page(arguments: argparse.Namespace) -> None:
    from importlib import import_module

    report = import_module(f"report.{arguments.kind}.page").REPORT
    if arguments.about:
        report.write(report.read(arguments.about), arguments.out)
        return
    if arguments.record:
        with unpacked(arguments.record) as told:
            report.write(report.read(told), arguments.out)
        return
    missing = [f"--{name}" for name in ("results", "cells", "seeds") if not getattr(arguments, name)]
    if missing or not hasattr(report, "trained"):
        wanted = ", ".join(missing) if hasattr(report, "trained") else "--about or --record"
        raise ReportError(f"{arguments.kind}: {wanted} is missing")
    trained = report.trained(arguments.results, arguments.cells, arguments.seeds, arguments.lowered, arguments.previews)
    report.write(trained, arguments.out)


def _compare(arguments: argparse.Namespace) -> None:
    from report.compare.command import compare

    print(compare(arguments.first, arguments.second, arguments.out))


def _keep(arguments: argparse.Namespace) -> None:
    from report.kept.kinds import keep

    keep(arguments.results, arguments.out, arguments.remark, arguments.beside)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="python -m report", description="Pages on what was trained.")
    commands = top.add_subparsers(required=True, metavar="command")

    command = commands.add_parser("page", help="set a report on trained cells: tables, figures, Markdown and PDF")
    command.add_argument("kind", choices=KINDS, help="which report")
    command.add_argument("--results", type=Path, metavar="DIR", help="results of the experiment")
    command.add_argument("--cells", nargs="+", type=limits.name, metavar="CELL", help="names of the cells, in order")
    command.add_argument("--seeds", nargs="+", type=limits.seed, metavar="K", help="seeds, the same for every cell")
    command.add_argument(
        "--out", type=stem, required=True, metavar="STEM", help="the report without its ending, as reports/zoo"
    )
    command.add_argument(
        "--about", type=Path, metavar="JSON", help="of a comparison, in place of these: its settings and claims"
    )
    command.add_argument("--record", type=Path, metavar="DIR", help="or a comparison of results/recorded")
    command.add_argument("--lowered", type=Path, metavar="DIR", help="lowered training steps, for imagenette")
    command.add_argument(
        "--previews", type=Path, nargs="*", default=[], metavar="PNG", help="<cell>.png of every cell, for ablation"
    )
    command.set_defaults(run=_page)

    command = commands.add_parser("compare", help="show how the settings and results of two runs or cells differ")
    command.add_argument("first", type=Path, metavar="RUN", help="a folder with summary.json, or a cell with cell.json")
    command.add_argument("second", type=Path, metavar="RUN", help="another of the same kind")
    command.add_argument("--out", type=stem, metavar="STEM", help="write STEM.csv, .md, .pdf and .svg, too")
    command.set_defaults(run=_compare)

    command = commands.add_parser("keep", help="keep finished results in the repository, with where they come from")
    command.add_argument(
        "--results",
        type=Path,
        required=True,
        metavar="DIR",
        help="such as results/digits, results/comparisons/positions.json or results/trials",
    )
    command.add_argument("--out", type=Path, required=True, metavar="DIR", help="such as results/recorded/digits")
    command.add_argument(
        "--beside", type=Path, metavar="JSON", help="with a comparison, what `python -m train fit-torch` printed"
    )
    command.add_argument("--remark", metavar="TEXT", help="what a reader of its report must know besides")
    command.set_defaults(run=_keep)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    return run(parser(), arguments)


if __name__ == "__main__":
    sys.exit(main())
