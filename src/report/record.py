"""``python -m report.record``: keep finished results in the repository, with where they come from.

A record is a folder of ``results/recorded``: the files that reports read, without weights, and ``about.json``, which
says whether they are of training, of networks or of timed steps. ``snakemake recorded`` sets the report of each.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from netspec.ownership import write_all
from report.errors import ReportError, read_json, run

ABOUT = "about.json"


def about(folder: Path) -> dict[str, Any]:
    """What ``about.json`` says of a folder of results; empty where results are not a record.

    Raises:
        ReportError: for a file that does not say what is recorded.
    """
    path = folder / ABOUT
    if not path.exists():
        return {}
    return read_json(path, "expected what `python -m report.record` writes; record the results again", "record")


def seeds_of(folder: Path) -> list[int]:
    """The seeds of a cell's results: folders ``seed<k>``; what else lies there is no run."""
    names = (re.fullmatch("seed(0|[1-9][0-9]*)", path.name) for path in folder.glob("seed*") if path.is_dir())
    return sorted(int(name[1]) for name in names if name)


def options_of(record: Path) -> str:
    """Results, cells and seeds of a record of trained cells, as the options of a report's command line."""
    cells = sorted(path.parent for path in record.glob("*/cell.json"))
    seeds = map(str, seeds_of(cells[0])) if cells else ()
    return " ".join(["--results", str(record), "--cells", *(cell.name for cell in cells), "--seeds", *seeds])


def of_training(results: Path, remark: str | None = None) -> dict[Path, bytes]:
    """The files of a record of trained cells, by their place in it.

    Raises:
        ReportError: for results that are incomplete, of several commits, or of changes that were never committed.
    """
    from report.load import load, metrics

    folders = sorted(path.parent for path in results.glob("*/cell.json"))
    if not folders:
        raise ReportError(f"{results}: holds no cells, expected <cell>/cell.json")
    seeds = {folder: seeds_of(folder) for folder in folders}
    first = folders[0]
    for folder in folders:
        if seeds[folder] != seeds[first]:
            raise ReportError(f"{folder}: has seeds {seeds[folder]}, expected {seeds[first]} as {first} has")
    cells = load(results, [folder.name for folder in folders], seeds[first])
    files, commits = {}, {}
    for cell in cells:
        files[Path(cell.name, "cell.json")] = cell.config.path.read_bytes()
        for one in cell.runs:
            metrics(one)
            if one.summary.get("provenance.git_dirty", True):
                raise ReportError(f"{one.summary.path}: was run with uncommitted changes; commit them and run it again")
            commits[one.summary.require("provenance.git_commit", str)] = one.summary.path
            for path in (one.summary.path, one.metrics):
                files[path.relative_to(results)] = path.read_bytes()
    if len(commits) > 1:
        raise ReportError(f"{results}: runs of {len(commits)} commits, expected one: {', '.join(sorted(commits))}")
    return files | _about(kind="training", commit=next(iter(commits)), remark=remark)


def of_networks(results: Path, commit: str, remark: str | None = None) -> dict[Path, bytes]:
    """The files of a record of networks that were built and run at ``commit``; raises :class:`ReportError`."""
    from report.networks import records

    paths = sorted(results.glob("*.json"))
    if not records.read(paths):
        raise ReportError(f"{results}: holds no records, expected some that `netspec run --json` wrote")
    return {Path(path.name): path.read_bytes() for path in paths} | _about(
        kind="networks", commit=commit, remark=remark
    )


def of_steps(results: Path, commit: str, remark: str | None = None) -> dict[Path, bytes]:
    """The files of a record of steps that were timed at ``commit``; raises :class:`ReportError`."""
    from report.bench import row_of

    paths = sorted(results.glob("*.json"))
    for path in paths:
        row_of(path)
    return {Path(path.name): path.read_bytes() for path in paths} | _about(kind="steps", commit=commit, remark=remark)


def _about(**values: str | None) -> dict[Path, bytes]:
    given = {key: value for key, value in values.items() if value is not None}
    return {Path(ABOUT): (json.dumps(given, indent=2, ensure_ascii=False) + "\n").encode()}


def _record(options: argparse.Namespace) -> None:
    from train.provenance import git_state

    if next(options.results.glob("*/cell.json"), None):
        files = of_training(options.results, options.remark)
    else:
        state = git_state()
        if state["git_dirty"] or not state["git_commit"]:
            raise ReportError("the source tree has uncommitted changes or no commit; a record names its commit")
        timed = any(b'"pytorch_ms"' in path.read_bytes() for path in options.results.glob("*.json"))
        files = (of_steps if timed else of_networks)(options.results, state["git_commit"], options.remark)
    if options.out.exists():
        raise ReportError(f"{options.out}: is there already, expected a new folder")
    write_all({options.out / place: content for place, content in files.items()})


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the record and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m report.record", description="Keep finished results.")
    parser.add_argument("--results", type=Path, required=True, metavar="DIR", help="such as results/digits")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="such as results/recorded/digits")
    parser.add_argument("--remark", metavar="TEXT", help="what a reader of its report must know besides")
    parser.set_defaults(run=_record)
    return run(parser, arguments)


if __name__ == "__main__":
    sys.exit(main())
