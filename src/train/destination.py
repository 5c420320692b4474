"""Where a run writes: the folder of its results, which is looked at, claimed and tried before anything is trained."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netspec.claims import Claim, probe
from netspec.ownership import MARK, OutputError, check_apart, check_file, check_folder
from train import provenance
from train.config.cell import Cell
from train.config.printable import shown
from train.config.schema import ConfigError
from train.outcome import reached

if TYPE_CHECKING:
    from train.data.store import Store

#: What every run leaves, the file that vouches for the others last; a task may have more.
FILES = ("metrics.csv", "weights.npz", "summary.json")
#: Bytes besides the weights: metrics, summary, statistics of normalisation.
BESIDES = 1 << 20


class Finished(Exception):
    """The run that was asked for has its results in ``out``, of which ``summary`` is the summary."""

    def __init__(self, out: Path, summary: dict[str, Any]) -> None:
        try:
            found = reached(summary)
        except (KeyError, TypeError, ValueError, AttributeError):  # of another version, or of a process elsewhere
            found = None
        super().__init__(
            f"{summary['cell']} seed {summary['seed']}: finished before, "
            f"{f'with {found}' if found else 'without a result'}, in {out}; nothing is trained (--again trains anew)"
        )


def check_places(out: Path, checkpoints: Path, inputs: dict[str, Path]) -> None:
    """Raise :class:`OutputError` unless both are folders of their own, apart from each other and from ``inputs``."""
    for name, path in {"--out": out, "--checkpoints": checkpoints}.items():
        check_folder(path, name)
    check_apart({"--out": out, "--checkpoints": checkpoints}, inputs)


def run_fingerprint(cell: Cell, seed: int, store: Store) -> str:
    """What is the same for two runs that give the same results: configuration, images, seed, code and versions."""
    # The cell does not say which images were prepared for it, nor which weights lie where it starts from.
    start = "" if cell.start is None else digest_of(cell.start.path(seed))
    return provenance.run_fingerprint(
        f"{cell.fingerprint}{store.content}{start}", cell.model, seed, cell.task, cell.start
    )


def digest_of(path: Path) -> str:
    """:func:`digest` of the weights that a run starts from. Raises :class:`ConfigError` where they cannot be read."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
    except OSError as error:
        raise ConfigError(
            f"{shown(path, 300)}: cannot be read ({error.strerror or error}), expected a file of weights, as key "
            "'start' says"
        ) from None


def is_used(out: Path) -> bool:
    """Whether there is a file in ``out`` that is called as one of a run's results."""
    return any((out / name).exists() for name in FILES)


def digest(content: bytes) -> str:
    """What the summary says of the contents of the other two files."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def look(
    out: Path, fingerprint: str, more: Collection[str] = (), *, again: bool = False, begun: bool | None = None
) -> None:
    """Return when ``out`` holds nothing that the run called ``fingerprint`` must not replace.

    It leaves :data:`FILES` and those called as in ``more``.

    That is: no results, its own with ``again`` or where they are damaged, another run's with ``again``, or what a
    killed run had ``begun`` to write (by default, what a mark in the folder says). Raises :class:`Finished` when the
    results of this run are there, and :class:`ConfigError` for those of another and for files of somebody else.
    """
    there = [name for name in (*FILES, *more) if (out / name).exists()]
    for name in (*FILES, *more):
        check_file(out / name)
    if not there:
        return
    summary = _summary(out)
    if summary is None:
        if begun if begun is not None else (out / MARK).exists():
            return
        raise ConfigError(
            f"{out}: holds {', '.join(there)} without the summary.json of a finished run, expected a new folder; move "
            "them, or name another --out"
        )
    about = summary["provenance"]
    if about.get("fingerprint") != fingerprint:
        if not again:
            raise ConfigError(
                f"{out}: holds the results of {_described(summary)}, expected none or those of this run "
                f"({fingerprint}); name another --out, or replace them with --again"
            )
    elif not again and not _damage(out, about.get("files", {}), more):
        raise Finished(out, summary)


def _summary(out: Path) -> dict[str, Any] | None:
    """The summary of a finished run in ``out``, if it is one."""
    try:
        summary = json.loads((out / "summary.json").read_bytes())
        known = {"cell", "seed", "config_hash", "metrics", "provenance"} <= summary.keys()
        return summary if known and isinstance(summary["provenance"], dict) else None
    except (OSError, ValueError, AttributeError):
        return None


def _described(summary: dict[str, Any]) -> str:
    fingerprint = summary["provenance"].get("fingerprint") or "an older version"
    return f"{summary['cell']} seed {summary['seed']} ({fingerprint})"


def _damage(out: Path, files: dict[str, str], more: Collection[str]) -> bool:
    """Whether one of the other files is missing or not what the summary says."""
    try:
        return any(digest((out / name).read_bytes()) != files.get(name) for name in (*FILES[:-1], *more))
    except OSError:
        return True


@contextmanager
def claimed(
    out: Path, fingerprint: str, weights: int, more: Collection[str] = (), *, checkpoints: Path, again: bool = False
) -> Iterator[None]:
    """A context in which the run has ``out`` to itself, which can take ``weights`` bytes and may be written to.

    The mark there says where the run has its ``checkpoints``, and what :mod:`train.live` writes, seen from ``out``.

    Of several processes the first one claims it, and all raise what it raises, see :func:`look`; a process that holds
    ``out`` is waited for. The mark that a killed run leaves there says that what it had begun to write may be replaced.
    """
    from train.machine import processes  # and with it jax, which nobody needs who is told that a run has finished

    live = os.path.relpath(os.path.realpath(checkpoints / fingerprint), os.path.realpath(out))
    about = {"for": "results", "fingerprint": fingerprint, "checkpoints": live}
    claim, finished = processes.first_does(lambda: _claim(out, about, weights, more, again)) or (None, None)
    if processes.agree(finished is not None):
        raise finished or Finished(out, _summary(out) or {"cell": "run", "seed": "?"})
    try:
        yield
    finally:
        if claim:
            # A part of the results is there only if the run was stopped while it wrote them. Snakemake, before it has a
            # run trained anew, removes those that every run leaves and no others: so the mark vouches for them.
            parts = [(out / name).exists() for name in (*FILES, *more)]
            claim.release(unmark=(all(parts) and not more) or not any(parts))


def _claim(
    out: Path, about: Mapping[str, str], weights: int, more: Collection[str], again: bool
) -> tuple[Claim | None, Finished | None]:
    fingerprint = about["fingerprint"]
    try:
        look(out, fingerprint, more, again=again)
        claim = Claim(out, about, wait=True, said="trains a run whose results belong there")
    except Finished as finished:
        return None, finished
    except OSError as error:
        raise ConfigError(unwritable(error, out)) from None
    begun = claim.before is not None
    try:
        look(out, fingerprint, more, again=again, begun=begun)
        probe(out, weights + BESIDES)
    except Finished as finished:
        claim.release(unmark=True)
        return None, finished
    except (ConfigError, OutputError):
        claim.release(unmark=not begun)
        raise
    except OSError as error:
        claim.release(unmark=not begun)
        raise ConfigError(unwritable(error, out)) from None
    return claim, None


def unwritable(error: OSError, path: Path) -> str:
    """One line on a file or folder that cannot be written."""
    return f"{error.filename or path}: cannot be written ({error.strerror or error})"
