"""Checkpoints of a run, through orbax: complete and undamaged or passed over, and never those of another run."""

from __future__ import annotations

import contextlib
import errno
import functools
import hashlib
import json
import logging
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax

from netspec.claims import Claim, probe, remove_files, remove_tree
from netspec.ownership import SIGNATURE
from train.config.schema import ConfigError
from train.destination import unwritable
from train.live import FILES
from train.machine import processes
from train.machine.progress import say

#: The file of a checkpoint that has the digests of all others, and says which run it is of.
DIGESTS = "digests.json"
#: The names of a checkpoint, and of one that another took the place of.
STEP = re.compile(r"[1-9][0-9]*(\.damaged[0-9]+)?")
#: What orbax calls its files: what is ours where the list above is lost.
ORBAX = re.compile(
    r"_CHECKPOINT_METADATA|((state|progress)/)?commit_success\.txt|progress/metadata|state/(_METADATA|_sharding|"
    r"array_metadatas/process_\d+|(ocdbt\.process_\d+/)?(manifest\.ocdbt|d/[0-9a-f]{32}))"
)
KEPT = 2


class Checkpoints:
    """Checkpoints under ``folder / fingerprint / step``; the two newest are kept. A context, which is left on errors.

    The fingerprint covers configuration, data, seed and code, so runs that share ``folder`` do not meet: none sees,
    waits for or removes what another has there. The same run in a second process waits until the first one ends.

    A checkpoint is written under another name, with a digest of each file, and renamed when it is complete. One is
    restored only if all digests are right, and removed only when a newer one has been written or the run has finished.
    Several processes need a folder that all see. How many there are, and devices, may change between two of them.
    """

    def __init__(self, folder: Path, fingerprint: str) -> None:
        """Raises :class:`ConfigError` where the folder cannot be written."""
        self.folder, self.fingerprint = folder, fingerprint
        self.own = folder / fingerprint
        #: Steps of checkpoints that are known to be whole.
        self.whole: set[int] = set()
        self.claim = processes.first_does(self._claim)

    def _claim(self) -> Claim:
        about = {"for": "checkpoints", "fingerprint": self.fingerprint}
        if not self.folder.exists():
            about["folder_made"] = True
        try:
            claim = Claim(self.own, about, wait=True, said="trains this run")
        except OSError as error:
            raise ConfigError(unwritable(error, self.own)) from None
        for left in self.own.glob(".*.saving*"):  # by a process that was killed
            remove_tree(left)
        return claim

    def __enter__(self) -> Checkpoints:
        return self

    def __exit__(self, *error: object) -> None:
        if self.claim:
            self._leave(unmark=not any(STEP.fullmatch(path.name) for path in self.own.iterdir()))

    def _leave(self, *, unmark: bool) -> None:
        if unmark:
            remove_files(self.own, FILES)
        self.claim.release(unmark=unmark)
        if unmark and self.claim.about.get("folder_made"):
            with contextlib.suppress(OSError):  # not empty
                self.folder.rmdir()
        self.claim = None

    def save(self, step: int, state: Any, progress: dict) -> None:
        """Write ``state`` (arrays) and ``progress`` (JSON) as the checkpoint of ``step``, unless it is there.

        Raises :class:`ConfigError` where it cannot be written; those before it are left alone then.
        """
        if step in self.whole:
            return
        saving = self.own / f".{step}.saving"
        needed = sum(leaf.nbytes for leaf in jax.tree.leaves(state))
        try:
            processes.first_does(lambda: probe(self.own, needed))
            ocp, checkpointer = _orbax()
            arguments = ocp.args.Composite(state=ocp.args.StandardSave(state), progress=ocp.args.JsonSave(progress))
            checkpointer.save(saving.absolute(), args=arguments)
            processes.first_does(lambda: self._publish(saving, step))
        except Exception as error:  # orbax and tensorstore raise all kinds of them for a full disk
            if processes.is_first():
                for left in self.own.glob(f".{step}.saving*"):
                    remove_tree(left)
            older = f"; that of step {max(self.whole)} is left" if self.whole else ""
            raise ConfigError(
                f"{self.own}: the checkpoint of step {step} cannot be written ({_reason(error)}){older}"
            ) from None
        self.whole.add(step)

    def _publish(self, saving: Path, step: int) -> None:
        """Give a complete checkpoint its name, and then remove older and damaged ones."""
        files = {path.relative_to(saving).as_posix(): _digest(path) for path in _files(saving)}
        about = {"by": SIGNATURE, "fingerprint": self.fingerprint, "step": step, "files": files}
        (saving / DIGESTS).write_text(json.dumps(about), encoding="utf-8")
        place = self.own / str(step)
        if place.exists():  # a damaged one, which was passed over
            count = len(list(self.own.glob(f"{step}.damaged*")))
            place.rename(self.own / f"{step}.damaged{count}")
        saving.rename(place)
        keep = {str(kept) for kept in sorted({*self.whole, step})[-KEPT:]}
        self._remove(lambda name: name not in keep)

    def _remove(self, condition: Callable[[str], bool]) -> None:
        """Remove the checkpoints under the names that meet a condition, and nothing else that may lie there."""
        for place in self.own.iterdir():
            if place.is_dir() and STEP.fullmatch(place.name) and condition(place.name):
                about = _listed(place)
                names = [path.relative_to(place).as_posix() for path in _files(place)]
                remove_files(place, [*(about["files"] if about else filter(ORBAX.fullmatch, names)), DIGESTS])

    def _steps(self) -> list[int]:
        """Steps of what is there, whole or not, the newest first."""
        names = (path.name for path in self.own.iterdir() if path.is_dir())
        return sorted((int(name) for name in names if re.fullmatch("[1-9][0-9]*", name)), reverse=True)

    def restore(self, template: Any) -> tuple[Any, dict[str, Any]] | None:
        """The newest undamaged ``(state, progress)`` shaped like ``template``, or ``None``.

        Which ones were passed over, and why, is said in one line.
        """
        passed: list[str] = []
        found = None
        while found is None:
            step = processes.agree(processes.first_does(lambda: self._newest(passed)) or 0)
            if not step:
                break
            try:
                ocp, checkpointer = _orbax()
                abstract = jax.tree.map(ocp.utils.to_shape_dtype_struct, template)
                arguments = ocp.args.Composite(
                    state=ocp.args.StandardRestore(abstract), progress=ocp.args.JsonRestore()
                )
                restored = checkpointer.restore((self.own / str(step)).absolute(), args=arguments)
                found = restored["state"], restored["progress"]
                self.whole.add(step)
            except Exception as error:
                if jax.process_count() > 1:  # the others may not have failed
                    raise
                passed.append(f"step {step} ({_reason(error)})")
        if passed:
            instead = f"going on from step {step}" if found else "starting anew"
            say(f"{self.own}: passed over the checkpoint of {', of '.join(passed)}; {instead}")
        return found

    def _newest(self, passed: list[str]) -> int:
        """The newest step that is whole, or 0; those that are not are appended to ``passed``."""
        for step in self._steps()[len(passed) :]:
            if not (reason := self._damage(step)):
                return step
            passed.append(f"step {step} ({reason})")
        return 0

    def _damage(self, step: int) -> str | None:
        """What is wrong with a checkpoint."""
        place = self.own / str(step)
        about = _listed(place)
        if about is None or (about.get("fingerprint"), about.get("step")) != (self.fingerprint, step):
            return f"{DIGESTS} is missing or damaged"
        for name, expected in about["files"].items():
            try:
                if _digest(place / name) != expected:
                    return f"{name} is damaged"
            except OSError:
                return f"{name} is missing"
        return None

    def clear(self) -> None:
        """Remove all checkpoints of the run, and folders made for them; called when its results are written."""
        processes.wait_for_others("results")
        if self.claim:
            self._remove(lambda name: True)
            self.claim.made = True  # whoever it was: it is called as the run is
            self._leave(unmark=True)


@functools.cache
def _orbax() -> tuple[Any, Any]:
    """orbax and its checkpointer, imported when first used: half a second that a short run does without."""
    import orbax.checkpoint as ocp

    logging.getLogger("absl").setLevel(logging.CRITICAL)  # orbax's; what it reports is raised, too
    return ocp, ocp.Checkpointer(ocp.CompositeCheckpointHandler())


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def _listed(place: Path) -> dict[str, Any] | None:
    """What the list of digests of a checkpoint says, if it can be read."""
    try:
        about = json.loads((place / DIGESTS).read_text(encoding="utf-8"))
        return about if about["by"] == SIGNATURE and about["files"].items() else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _reason(error: Exception) -> str:
    """What went wrong, in one line of bearable length."""
    full = os.strerror(errno.ENOSPC)
    if full in str(error):
        return full
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return text.splitlines()[0][:200]
