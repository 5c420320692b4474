"""Pictures in a tree of folders, on a disk or in an archive alike, and what is left out of it and why.

A file is a picture by its name or by its contents: what claims to be one in either way is decoded later, and is an
unreadable picture if that fails. What does so in neither way is left out and counted.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Literal, Protocol

from train.config.printable import escaped
from train.data.images import has_signature

#: Names that claim to be a picture of a format that is read.
SUFFIXES = {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".bmp", ".dib", ".gif", ".tif", ".tiff"}
SUFFIXES |= {".ppm", ".pgm", ".pbm", ".pnm", ".jp2", ".j2k", ".avif"}
#: Why something is left out.
HIDDEN, EMPTY, OTHER = "hidden", "empty", "of no image format that is read"
SPECIAL, NOWHERE = "devices, pipes or sockets", "links to nothing"
AGAIN, LOOSE = "links to folders that are read already", "in no class folder"


@dataclass(frozen=True, slots=True)
class Entry:
    """Something in a folder, with links followed: a ``special`` is a device, pipe or socket, ``nowhere`` a broken link.

    Args:
        name: its last part.
        kind: what it is.
        at: where the tree finds it.
        identity: of a folder, the same by whichever link it is reached.
        linked: whether it is a link.
    """

    name: str
    kind: Literal["file", "folder", "special", "nowhere"]
    at: Any
    identity: Hashable = None
    linked: bool = False


class Tree(Protocol):
    """A folder or an archive."""

    def entries(self, folder: Any) -> Iterable[Entry]:
        """What is in the folder at ``folder``, in any order."""

    def head(self, file: Any) -> bytes:
        """The beginning of the file at ``file``, enough to know its format. Raises ``OSError``."""


class LeftOut:
    """Files and folders that are left out: their number by reason, and the first of each by name."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.first: dict[str, str] = {}

    def add(self, reason: str, name: str) -> None:
        """Count one, called ``name``."""
        self.counts[reason] = self.counts.get(reason, 0) + 1
        self.first[reason] = min(name, self.first.get(reason, name))

    def update(self, others: LeftOut) -> None:
        """Count those that another has counted."""
        for reason, count in others.counts.items():
            self.add(reason, others.first[reason])
            self.counts[reason] += count - 1

    def __str__(self) -> str:
        return ", ".join(
            f"{count:,} {reason} ({'such as ' if count > 1 else ''}{escaped(self.first[reason])})"
            for reason, count in sorted(self.counts.items())
        )


def hidden(name: str) -> bool:
    """Whether a name is one of those that systems and editors keep for themselves."""
    return name.startswith(".") or name == "__MACOSX"


def claims(name: str) -> bool:
    """Whether a file's name says that it is a picture."""
    return PurePosixPath(name).suffix.lower() in SUFFIXES


def why_not(name: str, head: Callable[[], bytes]) -> str | None:
    """Why a file is no picture, or ``None`` for one; only a name that does not tell has its contents looked at.

    What cannot be opened may be a picture, so it is not left out here: reading it will fail, and say why.
    """
    if claims(name):
        return None
    try:
        begin = head()
    except OSError:
        return None
    if has_signature(begin):
        return None
    return OTHER if begin else EMPTY


def classes(
    tree: Tree, folder: Any, where: str, left_out: LeftOut, above: Iterable[Hashable]
) -> dict[str, list[tuple[str, Any]]]:
    """``(name, at)`` of the pictures by class folder of the one at ``folder``, which is called ``where``.

    Names are relative to the class, whose sub-folders belong to it; a class may have none. ``above`` are the identities
    of ``folder`` and of those that it lies in.
    """
    found = {}
    for entry in tree.entries(folder):
        name = f"{where}/{entry.name}"
        if hidden(entry.name):
            left_out.add(HIDDEN, name)
        elif entry.kind == "folder":
            found[entry.name] = pictures(tree, entry, name, left_out, above)
        else:
            left_out.add(_refused(tree, entry) or LOOSE, name)
    return found


def pictures(
    tree: Tree, folder: Entry, where: str, left_out: LeftOut, above: Iterable[Hashable] = ()
) -> list[tuple[str, Any]]:
    """``(name, at)`` of the pictures in ``folder`` and its sub-folders, with names relative to it.

    Every folder is read once, by its own name where it has one there, so that links which lead back to where they
    come from, or to ``above``, have an end.
    """
    found, seen = [], set(above)
    own, linked = deque([("", folder)]), deque()
    while own or linked:
        prefix, here = own.popleft() if own else linked.popleft()
        if here.identity in seen:
            left_out.add(AGAIN, f"{where}/{prefix}".rstrip("/"))
            continue
        seen.add(here.identity)
        for entry in sorted(tree.entries(here.at), key=lambda entry: entry.name):
            name = prefix + entry.name
            if hidden(entry.name):
                left_out.add(HIDDEN, f"{where}/{name}")
            elif entry.kind == "folder":
                (linked if entry.linked else own).append((f"{name}/", entry))
            elif reason := _refused(tree, entry):
                left_out.add(reason, f"{where}/{name}")
            else:
                found.append((name, entry.at))
    return found


def _refused(tree: Tree, entry: Entry) -> str | None:
    if entry.kind == "special":
        return SPECIAL
    if entry.kind == "nowhere":
        return None if claims(entry.name) else NOWHERE
    return why_not(entry.name, lambda: tree.head(entry.at))
