"""Several runs, one after the other in one process: what takes seconds each time, starting and compiling, is done once.

Every run has its own results, checkpoints and fingerprint, and leaves what it would have left in a process of its own.
Runs of cells that differ in the learning rate alone share their compiled programs (:meth:`train.step.Programs.alike`).
What has finished is kept beside its checkpoints, too, as links to the same files: Snakemake removes all outputs of a
job that fails or is run again, and they are then put in place without training.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netspec.claims import Claim
from netspec.ownership import write_all
from train import destination
from train.config.cell import Cell
from train.config.printable import shown
from train.config.schema import ConfigError, naming
from train.tasks import Learner, task_of

if TYPE_CHECKING:
    from train.data.store import Store
    from train.step import Programs

#: Folder, beside the checkpoints of a run, of what it left when it had finished.
KEPT = "finished"
#: What stands in the options ``--out`` and ``--checkpoints`` for the names of a run.
NAMES = ("{cell}", "{seed}")


@dataclass(frozen=True)
class Job:
    """One run: what is trained, and where its files lie."""

    cell: Cell
    seed: int
    out: Path
    checkpoints: Path

    @property
    def kept(self) -> Path:
        """Where its finished results are kept."""
        return self.checkpoints / KEPT


def jobs(cells: Sequence[Cell], seeds: Sequence[int], out: str, checkpoints: str) -> list[Job]:
    """A job for every cell and seed, the seeds of a cell together; both folders name ``{cell}`` and ``{seed}``.

    Raises :class:`ConfigError` where two of them would have the same folder.
    """
    named = [(cell.name, seed) for cell in cells for seed in seeds]
    for option, text in {"--out": out, "--checkpoints": checkpoints}.items():
        if any(name not in text for name in NAMES):
            raise ConfigError(f"{option} {shown(text)}: expected a folder with {' and '.join(NAMES)} for several runs")
    for name, seed in named:
        if named.count((name, seed)) > 1:
            raise ConfigError(f"--cell, --seed: {name} seed {seed} is named twice, expected every run once")

    def at(text: str, cell: Cell, seed: int) -> Path:
        return Path(text.replace("{cell}", cell.name).replace("{seed}", str(seed)))

    return [Job(cell, seed, at(out, cell, seed), at(checkpoints, cell, seed)) for cell in cells for seed in seeds]


class Sharing:
    """Makes the programs of a run, or takes those of the run before where both compile alike. One is kept."""

    def __init__(self) -> None:
        self.last: tuple[str, int, Programs] | None = None

    def __call__(self, cell: Cell, learner: Learner, steps_per_epoch: int) -> Programs:
        """The programs of a cell, as :class:`train.step.Programs` makes them."""
        from train.step import Programs as Made

        alike = Made.alike(cell)
        if self.last is None or self.last[:2] != (alike, steps_per_epoch):
            self.last = alike, steps_per_epoch, Made(cell, learner, steps_per_epoch)
        return self.last[2].of(cell)


def fit_all(
    runs: Sequence[Job], opened: Callable[[Cell], Store], say: Callable[[str], Any] = print, again: bool = False
) -> None:
    """Train all ``runs`` in turn, each of which ``say`` is told the end of; those that have finished are not trained.

    ``opened`` gives the store of a cell. Raises what :func:`train.loop.fit` raises, but for
    :class:`train.destination.Finished`; the runs before are then finished, and the same call goes on from there.
    """
    from train.loop import fit
    from train.outcome import headline

    programs = Sharing()
    for run in runs:
        store = opened(run.cell)
        try:
            if again or not put_back(run, store):
                with naming(run.cell.name):
                    say(headline(fit(run.cell, run.seed, store, run.out, run.checkpoints, again, programs)))
            else:
                say(f"{run.cell.name} seed {run.seed}: finished before, and put in place again")
        except destination.Finished as finished:
            say(str(finished))
        keep(run)


def keep(run: Job) -> None:
    """Link the results of a finished run to where they are kept, in place of what was there; the summary comes last."""
    names = ("metrics.csv", "weights.npz", *task_of(run.cell).files, "summary.json")
    claim = Claim(run.kept, {"for": "finished runs"}, wait=True, said="keeps the results of this run")
    try:
        for name in reversed(names):
            (run.kept / name).unlink(missing_ok=True)
        for name in names:
            try:
                os.link(run.out / name, run.kept / name)
            except OSError:  # another disk, or a file system without links
                shutil.copyfile(run.out / name, run.kept / name)
    except OSError:  # no room: the run has finished nevertheless, and is trained anew should its results be removed
        with contextlib.suppress(OSError):
            (run.kept / "summary.json").unlink(missing_ok=True)
    finally:
        claim.release()


def put_back(run: Job, store: Store) -> bool:
    """Put kept results of this very run in place; whether there were any, undamaged.

    Raises :class:`train.destination.Finished` where the results are in place, :class:`ConfigError` where others are.
    """
    fingerprint = destination.run_fingerprint(run.cell, run.seed, store)
    task = task_of(run.cell)
    destination.look(run.out, fingerprint, task.files)
    try:
        contents = {name: (run.kept / name).read_bytes() for name in (*destination.FILES[:-1], *task.files)}
        summary = (run.kept / "summary.json").read_bytes()
        about = json.loads(summary)["provenance"]
        whole = all(destination.digest(content) == about["files"].get(name) for name, content in contents.items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
    if not whole or about.get("fingerprint") != fingerprint:
        return False
    size = sum(map(len, contents.values()))
    with destination.claimed(run.out, fingerprint, size, task.files, checkpoints=run.checkpoints):
        contents["summary.json"] = summary
        write_all({run.out / name: content for name, content in contents.items()}, proven=True)
    return True
