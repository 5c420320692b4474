"""Keep finished results in the repository, with where they come from: ``python -m report keep``.

A record is a folder of ``results/recorded``: the files that reports read, without weights, and ``about.json``, which
says whether they are of training, of a comparison, of trials, of networks or of timed steps. ``snakemake recorded``
sets the report of each.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from netspec.ownership import write_all
from report.engine.errors import ReportError, read_json
from report.kept.about import ABOUT, seeds_of
from report.kept.packed import COMPARISON, PACKED, pack
from train.tasks import TASKS

if TYPE_CHECKING:
    from report.runs.load import Cell


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
    files = {}
    for cell in cells:
        files[Path(cell.name, "cell.json")] = cell.config.path.read_bytes()
        for one in cell.runs:
            metrics(one)
            left = one.summary.get("provenance.files", {})
            of_task = (one.folder / name for name in TASKS[one.summary.require("task", str)].files if name in left)
            for path in (one.summary.path, one.metrics, *of_task):
                files[path.relative_to(results)] = read_bytes(path)
    return files | _about(kind="training", commit=_commit(cells, results), remark=remark)


def _commit(cells: Iterable[Cell], results: Path) -> str:
    """The one commit that all runs are of."""
    commits = {}
    for one in (run for cell in cells for run in cell.runs):
        if one.summary.get("provenance.git_dirty", True):
            raise ReportError(f"{one.summary.path}: was run with uncommitted changes; commit them and run it again")
        commits[one.summary.require("provenance.git_commit", str)] = one.summary.path
    if len(commits) > 1:
        raise ReportError(f"{results}: runs of {len(commits)} commits, expected one: {', '.join(sorted(commits))}")
    return next(iter(commits))


def of_comparison(path: Path, remark: str | None = None, beside: Path | None = None) -> dict[Path, bytes]:
    """The files of a record of the comparison that ``path``, a file of ``results/comparisons``, describes.

    ``beside`` are runs of another implementation, whose results the report then sets beside the baseline's.

    Raises:
        ReportError: for results that are incomplete, of several commits, or of changes that were never committed.
    """
    from report.comparison import others
    from report.comparison.report import Comparison

    compared = Comparison().read(path)
    told = read_json(path, f"delete it, and `snakemake {path}` makes it again")
    if "report" not in told:
        raise ReportError(f"{path}: key 'report' is missing; delete it, and `snakemake {path}` makes it again")
    commit = _commit(compared.cells, path)
    packed: dict[str, bytes] = {}
    for setting, one in zip(compared.settings, told["settings"], strict=True):
        results, one["results"] = Path(one["results"]), f"results/{Path(one['results']).name}"
        for cell in setting.cells:
            files = [cell.config.path, *(file for run in cell.runs for file in (run.summary.path, run.metrics))]
            packed |= {f"{one['results']}/{file.relative_to(results)}": read_bytes(file) for file in files}
    for key in ("lengths", "steps"):
        if told.get(key):
            packed[f"{key}.json"] = read_bytes(Path(told[key]))
            told[key] = f"{key}.json"
    if beside is not None:
        others.table(beside, compared.settings)  # which says what is wrong with it
        packed["beside.json"], told["beside"] = read_bytes(beside), "beside.json"
    packed[COMPARISON] = json.dumps(told, ensure_ascii=False).encode()
    about = _about(kind="comparison", report=told["report"], commit=commit, remark=remark)
    return {Path(PACKED): pack(packed)} | about


def of_trials(results: Path, remark: str | None = None) -> dict[Path, bytes]:
    """The files of a record of trials: what each wrote, and the settings with its claims.

    Raises:
        ReportError: for results of changes that were never committed, of smoke runs, or whose settings are not there.
    """
    files = {}
    for path in sorted(results.glob("*.json")):
        found = read_json(path, f"delete it, and `snakemake {path}` makes it again")
        if found.get("smoke") or found["provenance"].get("git_dirty", True):
            why = "is of a smoke run" if found.get("smoke") else "was run with uncommitted changes"
            raise ReportError(f"{path}: {why}, expected a whole run of a commit; run it again")
        files[Path(path.name)] = path.read_bytes()
        settings = next((at for at in settings_of(path.stem) if at.exists()), None)
        if settings is None:
            raise ReportError(f"{path}: there is no {' or '.join(map(str, settings_of(path.stem)))} with its claims")
        files[Path(settings.name)] = settings.read_bytes()
    return files | _about(kind="claims", remark=remark)


def settings_of(trial: str) -> list[Path]:
    """Where the settings of a trial may stand."""
    return [Path("config", folder, f"{trial}.yaml") for folder in ("trials", "examples")]


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


def keep(results: Path, out: Path, remark: str | None = None, beside: Path | None = None) -> None:
    """Write a record of ``results`` as the new folder ``out``; of what kind they are is seen from their files.

    Raises:
        ReportError: for results that cannot be kept, or a folder that is there.
    """
    from train.provenance import git_state

    if beside is not None and not results.is_file():
        raise ReportError(
            f"{results}: is no comparison, expected a file of results/comparisons where --beside is given"
        )
    if results.is_file():
        kept = of_comparison(results, remark, beside)
    elif next(results.glob("*/cell.json"), None):
        kept = of_training(results, remark)
    elif any(b'"trial"' in path.read_bytes() for path in results.glob("*.json")):
        kept = of_trials(results, remark)
    else:
        state = git_state()
        if state["git_dirty"] or not state["git_commit"]:
            raise ReportError("the source tree has uncommitted changes or no commit; a record names its commit")
        timed = any(b'"pytorch_ms"' in path.read_bytes() for path in results.glob("*.json"))
        kept = (of_steps if timed else of_networks)(results, state["git_commit"], remark)
    if out.exists():
        raise ReportError(f"{out}: is there already, expected a new folder")
    write_all({out / place: content for place, content in kept.items()})
