"""What every form of raw data is turned into: a table of pictures, and one pass over their bytes."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from train.config.printable import escaped, shown
from train.config.schema import ConfigError
from train.data.raw.tree import LeftOut

SPLITS = ("train", "val")


@dataclass(frozen=True, slots=True)
class Picture:
    """An image file: its name for messages, its class, and where its source finds it."""

    name: str
    label: int
    at: Any


#: Wanted pictures by split, in row order.
Wanted = Mapping[str, list[Picture]]
#: A picture that has been reached: its split, its row, and a function that returns its bytes, for any thread. The
#: function raises ``OSError`` or :class:`train.data.images.Unreadable` for a file that cannot be used.
Reached = tuple[str, int, Callable[[], bytes]]
#: ``(name, at)`` of the pictures of each class of each split.
Found = Mapping[str, Mapping[str, list[tuple[str, Any]]]]


@dataclass(frozen=True, slots=True)
class Loaded:
    """The bytes of a picture that a source had to read on its way, to be called for them."""

    data: bytes

    def __call__(self) -> bytes:
        """The bytes."""
        return self.data


@dataclass(frozen=True, slots=True)
class Failed:
    """A picture that cannot be read, which shows when it is called for."""

    error: Exception

    def __call__(self) -> bytes:
        """Raises the error."""
        raise self.error


#: A picture that is no more than a link that leads to nothing.
MISSING = Failed(FileNotFoundError(errno.ENOENT, "a link to nothing"))


@dataclass(frozen=True)
class RawData:
    """Pictures of both splits, sorted by class and file name, and how to read them.

    Args:
        where: the folder or archive, for messages.
        class_names: in label order.
        splits: the pictures by split.
        read: yields the wanted pictures in the order that suits the source. Raises :class:`ConfigError` for damage.
        left_out: what lies among the pictures and is none.
        most_objects: the most that a picture is annotated with.
    """

    where: str
    class_names: list[str]
    splits: Wanted
    read: Callable[[Wanted], Iterator[Reached]]
    left_out: LeftOut = field(default_factory=LeftOut)
    most_objects: int = 0


def by_class(found: Found, key: str, where: str, left_out: LeftOut) -> tuple[list[str], Wanted]:
    """Class names and pictures of both splits.

    Classes are labelled in sorted order, the pictures of each sorted by name. Raises :class:`ConfigError`, naming
    ``key`` and ``where``, unless both splits hold images of the same classes.
    """
    classes = {split: {name for name, listed in found[split].items() if listed} for split in SPLITS}
    but = f"; left out: {left_out}" if left_out.counts else ""
    for split in SPLITS:
        if not classes[split]:
            raise ConfigError(f"{key}: {split}/ in {where} holds no images, expected {split}/<class>/<image>.JPEG{but}")
    for split in SPLITS:
        if empty := sorted(found[split].keys() - classes[split] - (classes["train"] if split == "val" else set())):
            raise ConfigError(
                f"{key}: {split}/ in {where} holds no image of {_classes(empty)}, "
                f"expected at least one of each class{but}"
            )
    if classes["train"] != classes["val"]:
        odd = classes["train"] ^ classes["val"]
        only = [f"only in {split}/: {few(sorted(names & odd))}" for split, names in classes.items() if names & odd]
        raise ConfigError(
            f"{key}: train/ and val/ in {where} differ in the classes {few(sorted(odd))} ({'; '.join(only)}){but}"
        )
    names = sorted(classes["train"])
    for name in names:
        if not _encodable(name):
            raise ConfigError(f"{key}: class {escaped(name)!r} in {where} is not UTF-8, expected a name that is")
    return names, {
        split: [
            Picture(name, label, at)
            for label, c in enumerate(names)
            for name, at in sorted(found[split][c], key=lambda pair: pair[0])
        ]
        for split in SPLITS
    }


def few(names: list[str], limit: int = 5) -> str:
    """The first names of a list, and how many more there are."""
    more = f" and {len(names) - limit:,} more" if len(names) > limit else ""
    return ", ".join(map(shown, names[:limit])) + more


def _classes(names: list[str]) -> str:
    return f"class{'es' if len(names) > 1 else ''} {few(names)}"


def _encodable(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
