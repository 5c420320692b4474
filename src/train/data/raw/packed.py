"""The folders of an archive, made of the names of its members, with links that are followed and lead nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from train.config.printable import escaped
from train.config.schema import ConfigError
from train.data.raw.tree import Entry, hidden, why_not

#: Links that are followed on the way to one file, as in Linux.
HOPS = 40
#: Folders that a member may lie in, one below the other.
DEEPEST = 256


@dataclass(frozen=True, slots=True)
class File:
    """A member: where its archive finds it, and its beginning unless its name says that it is a picture."""

    at: Any
    head: bytes = b""


@dataclass(frozen=True, slots=True)
class Link:
    """A link, hard or symbolic: its name, the folders that its target starts in, and the parts of the target."""

    name: str
    start: tuple[str, ...]
    target: tuple[str, ...]


class Special:
    """A device or pipe."""


@dataclass(frozen=True, slots=True)
class Twice:
    """What stands under one name more than once, at last as ``item``."""

    name: str
    item: Any


class Packed:
    """An archive as a :class:`train.data.raw.tree.Tree`: folders are dictionaries; ``where`` is for messages."""

    def __init__(self, where: str) -> None:
        self.where, self.top = where, {}

    def add(self, name: str, item: File | Link | Special | None) -> None:
        """Put a member in its place; ``None`` is a folder.

        Raises :class:`ConfigError` for a name that leads outside, and for what is both a file and a folder.
        """
        parts = self.parts(name)
        *folders, last = parts or [""]
        here = self.top
        for part in folders:
            here = self._folder(here, part)
        if item is None:
            if last:
                self._folder(here, last)
        elif last:
            if isinstance(here.get(last), dict):
                raise self._both(last)
            here[last] = Twice("/".join(parts), item) if last in here else item

    def parts(self, name: str) -> tuple[str, ...]:
        """The parts of a member's name. Raises :class:`ConfigError` where it is absolute, climbs out or is too deep."""
        parts = tuple(part for part in name.split("/") if part not in ("", "."))
        if len(parts) > DEEPEST:
            raise ConfigError(f"{self.where}: member {escaped(name[:40])!r}… lies below more than {DEEPEST} folders")
        if ".." in name.replace("\\", "/").split("/") or name.startswith(("/", "\\")) or name[1:2] == ":":
            raise ConfigError(
                f"{self.where}: member {escaped(name)!r} leads outside the archive, expected relative names"
            )
        return parts

    def link(self, name: str, target: str, *, hard: bool) -> Link:
        """The link ``name``. What it leads to, and whether that lies in the archive, is decided when it is followed."""
        start = () if hard else self.parts(name)[:-1]
        absolute = ("/",) if target.startswith("/") else ()
        return Link(name, start, absolute + tuple(part for part in target.split("/") if part not in ("", ".")))

    def entries(self, folder: dict) -> Iterator[Entry]:
        """What is in a folder. Raises :class:`ConfigError` for a picture twice, and for a link out of the archive."""
        for name, item in folder.items():
            if hidden(name):
                yield Entry(name, "special", None)
                continue
            linked = isinstance(item, Link)
            found = self._seen(item)
            if isinstance(found, Twice):
                if why_not(name, lambda item=found.item: item.head if isinstance(item, File) else b"") is None:
                    raise ConfigError(f"{self.where}:{escaped(found.name)}: stands in the archive twice, expected once")
                found = found.item
            kind = {dict: "folder", File: "file", Special: "special"}.get(type(found), "nowhere")
            yield Entry(name, kind, found, id(found) if kind == "folder" else None, linked)

    def head(self, file: File) -> bytes:
        """The beginning of a member."""
        return file.head

    def roots(self, splits: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], dict]]:
        """Places and folders that have one of ``splits`` in them, the outer ones first.

        Nothing is looked for in the splits of a folder that has all of them.
        """
        todo: list[tuple[tuple[str, ...], dict]] = [((), self.top)]
        for place, folder in todo:
            present = [name for name in splits if isinstance(self._seen(folder.get(name)), dict)]
            if present:
                yield place, folder
            below = [name for name in folder if len(present) < len(splits) or name not in present]
            todo += [((*place, name), folder[name]) for name in below if isinstance(folder[name], dict)]

    def split(self, root: dict, name: str) -> dict:
        """The folder ``name`` of ``root``, empty if there is none."""
        found = self._seen(root.get(name))
        return found if isinstance(found, dict) else {}

    def above(self, place: tuple[str, ...]) -> set[int]:
        """Identities of the folder at ``place`` and of those that it lies in."""
        folders = [self.top]
        for part in place:
            folders.append(folders[-1][part])
        return {id(folder) for folder in folders}

    def _folder(self, here: dict, name: str) -> dict:
        found = here.setdefault(name, {})
        if not isinstance(found, dict):
            raise self._both(name)
        return found

    def _both(self, name: str) -> ConfigError:
        return ConfigError(f"{self.where}: {escaped(name)!r} is both a file and a folder in it, expected one of them")

    def _seen(self, item: Any) -> Any:
        return self._follow(item) if isinstance(item, Link) else item

    def _follow(self, link: Link) -> Any:
        """What a link leads to, or ``None``."""
        here, todo, hops = [self.top], list(reversed(link.start + link.target)), 0
        while todo:
            part = todo.pop()
            if part == "/" or (part == ".." and len(here) == 1):
                raise ConfigError(
                    f"{self.where}: member {escaped(link.name)!r} is a link that leads outside the archive, "
                    "expected links to its own members"
                )
            if part == "..":
                here.pop()
                continue
            found = here[-1].get(part)
            if isinstance(found, Link):
                hops += 1
                if hops > HOPS:
                    return None
                if not found.start:
                    here = [self.top]
                todo += reversed(found.target)
            elif isinstance(found, dict):
                here.append(found)
            else:
                return None if todo else found
        return here[-1]
