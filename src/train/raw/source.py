"""What every form of raw data is turned into: a table of pictures, and one pass over their bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from train.printable import shown
from train.schema import ConfigError

SPLITS = ("train", "val")
SUFFIXES = {".jpeg", ".jpg", ".png", ".bmp", ".webp"}


@dataclass(frozen=True, slots=True)
class Picture:
    """An image file: its name for messages, its class, and where its source finds it."""

    name: str
    label: int
    at: Any


#: Wanted pictures by split, in row order.
Wanted = Mapping[str, list[Picture]]
#: A picture that has been reached: its split, its row, and a function that returns its bytes, for any thread.
Reached = tuple[str, int, Callable[[], bytes]]


@dataclass(frozen=True)
class RawData:
    """Pictures of both splits, sorted by class and file name, and how to read them.

    Args:
        where: the folder or archive, for messages.
        class_names: in label order.
        splits: the pictures by split.
        read: yields the wanted pictures in the order that suits the source. Raises :class:`ConfigError` for damage.
    """

    where: str
    class_names: list[str]
    splits: Wanted
    read: Callable[[Wanted], Iterator[Reached]]


def is_image(name: str) -> bool:
    """Whether a path names an image file that is not hidden, as the copies of attributes that macOS adds are."""
    path = PurePosixPath(name)
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and "__MACOSX" not in path.parts


def by_class(found: Mapping[str, Iterable[tuple[str, str, Any]]], key: str, where: str) -> tuple[list[str], Wanted]:
    """Class names and pictures of both splits from ``(class, name, at)`` triples by split.

    Classes are labelled in sorted order. Raises :class:`ConfigError`, naming ``key`` and ``where``, unless both splits
    hold images of the same classes.
    """
    listed = {split: sorted(triples, key=lambda triple: triple[:2]) for split, triples in found.items()}
    classes = {split: {name for name, _, _ in triples} for split, triples in listed.items()}
    for split in SPLITS:
        if not classes[split]:
            raise ConfigError(f"{key}: {split}/ in {where} holds no images, expected {split}/<class>/<image>.JPEG")
    if classes["train"] != classes["val"]:
        odd = classes["train"] ^ classes["val"]
        only = [f"only in {split}/: {few(sorted(names & odd))}" for split, names in classes.items() if names & odd]
        raise ConfigError(
            f"{key}: train/ and val/ in {where} differ in the classes {few(sorted(odd))} ({'; '.join(only)})"
        )
    names = sorted(classes["train"])
    label = {name: index for index, name in enumerate(names)}
    return names, {split: [Picture(n, label[c], at) for c, n, at in triples] for split, triples in listed.items()}


def few(names: list[str], limit: int = 5) -> str:
    """The first names of a list, and how many more there are."""
    return ", ".join(map(shown, names[:limit])) + (f" and {len(names) - limit:,} more" if len(names) > limit else "")
