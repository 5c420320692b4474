"""Keep finished results in the repository, with where they come from: ``python -m report keep``.

A record is a folder of ``results/recorded``: the files that reports read, without weights, and ``about.json``, which
says whether they are of training, of networks or of timed steps. ``snakemake recorded`` sets the report of each.
"""

from __future__ import annotations

import json
from pathlib import Path

from netspec.ownership import write_all
from report.engine.errors import ReportError
from report.kept.about import ABOUT, seeds_of
from train.tasks import TASKS


def of_training(results: Path, remark: str | None = None) -> dict[Path, bytes]:
    """The files of a record of trained cells, by their place in it.

    Raises:
        ReportError: for results that are incomplete, of several commits, or of changes that were never committed.
    """
    from report.runs.load import load, metrics

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
            of_task = (one.folder / name for name in TASKS[one.summary.require("task", str)].files)
            for path in (one.summary.path, one.metrics, *of_task):
                files[path.relative_to(results)] = read_bytes(path)
    if len(commits) > 1:
        raise ReportError(f"{results}: runs of {len(commits)} commits, expected one: {', '.join(sorted(commits))}")
    return files | _about(kind="training", commit=next(iter(commits)), remark=remark)


def read_bytes(path: Path) -> bytes:
    """A file of a run. Raises :class:`ReportError` where it is not there."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise ReportError(f"{path}: cannot be read ({error.strerror}); run it again") from None


def of_networks(results: Path, commit: str, remark: str | None = None) -> dict[Path, bytes]:
    """The files of a record of networks that were built and run at ``commit``; raises :class:`ReportError`."""
    from report.networks.rows import read

    paths = sorted(results.glob("*.json"))
    if not read(paths):
        raise ReportError(f"{results}: holds no records, expected some that `netspec run --json` wrote")
    return {Path(path.name): path.read_bytes() for path in paths} | _about(
        kind="networks", commit=commit, remark=remark
    )


def of_steps(results: Path, commit: str, remark: str | None = None) -> dict[Path, bytes]:
    """The files of a record of steps that were timed at ``commit``; raises :class:`ReportError`."""
    from report.bench.rows import row_of

    paths = sorted(results.glob("*.json"))
    for path in paths:
        row_of(path)
    return {Path(path.name): path.read_bytes() for path in paths} | _about(kind="steps", commit=commit, remark=remark)


def _about(**values: str | None) -> dict[Path, bytes]:
    given = {key: value for key, value in values.items() if value is not None}
    return {Path(ABOUT): (json.dumps(given, indent=2, ensure_ascii=False) + "\n").encode()}


def keep(results: Path, out: Path, remark: str | None = None) -> None:
    """Write a record of ``results`` as the new folder ``out``; of what kind they are is seen from their files.

    Raises:
        ReportError: for results that cannot be kept, or a folder that is there.
    """
    from train.provenance import git_state

    if next(results.glob("*/cell.json"), None):
        kept = of_training(results, remark)
    else:
        state = git_state()
        if state["git_dirty"] or not state["git_commit"]:
            raise ReportError("the source tree has uncommitted changes or no commit; a record names its commit")
        timed = any(b'"pytorch_ms"' in path.read_bytes() for path in results.glob("*.json"))
        kept = (of_steps if timed else of_networks)(results, state["git_commit"], remark)
    if out.exists():
        raise ReportError(f"{out}: is there already, expected a new folder")
    write_all({out / place: content for place, content in kept.items()})
