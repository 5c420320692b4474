"""Folders that a command manages: marked as ours, worked in by one process at a time, and cleared of what is ours only.

Point 4 of the rule of outputs (:mod:`netspec.ownership`).
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from netspec.locks import naming, open_locked
from netspec.ownership import MARK, SIGNATURE, OutputError

#: Seconds between two looks whether another process has finished.
_PATIENCE = 0.5
#: Bytes that are written at a time.
_BLOCK = 1 << 16


class Claim:
    """A folder that is marked as ours, and that no other process works in until the claim is released.

    Its mark is :data:`MARK`, a JSON file that says what the folder is for. Made where it is missing, with its folder.
    """

    def __init__(self, folder: Path, about: Mapping[str, Any], *, wait: bool = False, said: str = "is working there"):
        """Mark and lock ``folder``; ``about`` says what it is ``for`` and more, and is added to what the mark says.

        ``said`` completes the sentence about another process that holds it: with ``wait``, the sentence is printed on
        standard error and the process waited for; without, it is an :class:`OutputError`, as is a folder that is for
        something else. Raises ``OSError`` where the mark cannot be written.
        """
        self.folder, self.path = folder, folder / MARK
        self.waited = False
        while True:
            self.made = not folder.exists()
            folder.mkdir(parents=True, exist_ok=True)
            file = None
            with naming(self.path), contextlib.suppress(FileNotFoundError):  # its folder, removed by another process
                file = open_locked(self.path)
            if file is not None:
                break
            if not wait:
                raise OutputError(f"{folder}: another process {said}, expected one at a time")
            if not self.waited:
                print(f"{folder}: another process {said}; waiting for it", file=sys.stderr, flush=True)
            self.waited = True
            time.sleep(_PATIENCE)
        self.file = file
        #: What the mark said before; ``None`` where there was none.
        self.before = read_mark(folder) if os.fstat(file).st_size else None
        purpose = (self.before or {}).get("for", about["for"])
        if purpose != about["for"]:
            self.release()
            raise OutputError(f"{folder}: is a folder of {purpose}, expected one for {about['for']}")
        self.about = {**(self.before or {}), "by": SIGNATURE, **about}
        self.made = self.about["made"] = self.made or bool(self.about.get("made"))
        try:
            with naming(self.path):
                os.ftruncate(file, 0)
                os.pwrite(file, f"{json.dumps(self.about)}\n".encode(), 0)
        except OSError:
            self.release(unmark=self.before is None)
            raise

    def release(self, *, unmark: bool = False) -> None:
        """Let other processes in; with ``unmark``, remove the mark, and the folder if it was made here and is empty."""
        if self.file < 0:
            return
        if unmark:
            self.path.unlink(missing_ok=True)
            if self.made:
                with contextlib.suppress(OSError):
                    self.folder.rmdir()
        os.close(self.file)
        self.file = -1


def read_mark(folder: Path) -> dict[str, Any] | None:
    """What the mark of a folder says; empty where it is damaged, ``None`` where there is none."""
    try:
        about = json.loads((folder / MARK).read_text(encoding="utf-8"))
        return about if isinstance(about, dict) and about.get("by") == SIGNATURE else {}
    except ValueError:
        return {}
    except OSError:
        return None


def probe(folder: Path, size: int) -> None:
    """Write ``size`` bytes into ``folder``, which is there, and remove them again. Raises ``OSError`` naming it."""
    path = folder / f"{MARK}.probe"
    with naming(folder):
        file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
        try:
            _fill(file, max(size, 1))
        finally:
            os.close(file)
            path.unlink()


def _fill(file: int, size: int) -> None:
    if hasattr(os, "posix_fallocate"):
        try:
            return os.posix_fallocate(file, 0, size)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP):  # it is not known to every file system
                raise
    for start in range(0, size, _BLOCK):
        os.pwrite(file, bytes(min(_BLOCK, size - start)), start)
    return None


def remove_files(folder: Path, names: Iterable[str]) -> None:
    """Remove the files that ``names`` names below ``folder``, and it and its folders where nothing else is left."""
    folders = {folder}
    for name in names:
        path = folder / name
        if path.resolve().is_relative_to(folder.resolve()):
            with contextlib.suppress(OSError):
                path.unlink()
            folders |= {place for place in (path, *path.parents) if place.is_relative_to(folder)}
    for place in sorted(folders, key=lambda path: len(path.parts), reverse=True):
        with contextlib.suppress(OSError):
            place.rmdir()


def remove_tree(path: Path) -> None:
    """Remove a file or folder that is known to be ours whole: one with a name of ours inside a claimed folder."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()
