"""A folder ``{train,val}/<class>/<image>``."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from train.config.printable import escaped
from train.config.schema import ConfigError
from train.data.images import HEAD, check_size
from train.data.raw.source import SPLITS, RawData, Reached, Wanted, by_class
from train.data.raw.tree import Entry, LeftOut, classes


def open_folder(root: Path, key: str) -> RawData:
    """The pictures under ``root``. Raises :class:`ConfigError` naming ``key``."""
    left_out = LeftOut()
    found = {split: classes_in(root / split, key, left_out) for split in SPLITS}
    names, splits = by_class(found, key, str(root), left_out)
    return RawData(str(root), names, splits, read_files, left_out)


def classes_in(folder: Path, key: str, left_out: LeftOut) -> dict[str, list[tuple[str, str]]]:
    """``(path, path)`` of the images by class folder of ``folder``."""
    with reading(folder, key):
        listed = classes(Disk(), str(folder), folder.name, left_out, above(folder))
    return {name: [(at, at) for _, at in pictures] for name, pictures in listed.items()}


@contextmanager
def reading(folder: Path, key: str) -> Iterator[None]:
    """What the system says of a folder, as one :class:`ConfigError`."""
    try:
        yield
    except OSError as error:
        raise ConfigError(
            f"{key}: {escaped(str(error.filename or folder))} cannot be read ({error.strerror}), "
            "expected a folder of class folders"
        ) from None


class Disk:
    """The file system as a :class:`train.data.raw.tree.Tree`; everything lies at its path."""

    def entries(self, folder: str) -> Iterator[Entry]:
        """What is in a folder; only links and folders need a look at more than the folder itself."""
        with os.scandir(folder) as listed:
            for entry in listed:
                linked = entry.is_symlink()
                if not linked and entry.is_file(follow_symlinks=False):
                    yield Entry(entry.name, "file", entry.path)
                    continue
                try:
                    status = entry.stat()
                except OSError:  # to nothing, or in a circle
                    yield Entry(entry.name, "nowhere", entry.path, linked=linked)
                    continue
                yield Entry(entry.name, _kind(status.st_mode), entry.path, _identity(status), linked)

    def head(self, file: str) -> bytes:
        """The first bytes of a file."""
        with Path(file).open("rb", buffering=0) as stream:
            return stream.read(HEAD)


def above(folder: Path) -> set[tuple[int, int]]:
    """The identities of a folder and of those that it lies in. Raises ``OSError`` where there is none."""
    folder = folder.resolve(strict=True)
    return {_identity(path.stat()) for path in (folder, *folder.parents)}


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _kind(mode: int) -> str:
    return "folder" if stat.S_ISDIR(mode) else "file" if stat.S_ISREG(mode) else "special"


def read_files(wanted: Wanted) -> Iterator[Reached]:
    """Files one by one; each is read in the thread that decodes it."""

    def load(path: str) -> bytes:
        with Path(path).open("rb", buffering=0) as stream:
            check_size(os.fstat(stream.fileno()).st_size)
            return stream.read()

    for split, pictures in wanted.items():
        for row, picture in enumerate(pictures):
            yield split, row, lambda path=picture.at: load(path)
