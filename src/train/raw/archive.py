"""Archives of a folder ``{train,val}/<class>/<image>``, read without unpacking them.

Members go straight from the archive into the store: thousands of small files are neither written nor left behind, and
no member can land outside a folder. An archive is passed over twice, for its table of contents, which decides the rows,
and for its images. Members that are links, or whose names leave the archive, are refused all the same: an image behind
one would silently be missing.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from train.raw.source import SPLITS, RawData, Reached, Wanted, by_class, is_image
from train.schema import ConfigError

OPENERS = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open}
DAMAGE = (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError, zlib.error, lzma.LZMAError, NotImplementedError)
BLOCK = 512
PLAIN = "expected plain files with relative names"


def open_archive(path: Path, key: str) -> RawData:
    """The pictures in a tar file, compressed or not, or a zip file.

    ``train/`` and ``val/`` may lie in a folder of the archive. Raises :class:`ConfigError` naming ``key`` or the file
    when the archive is damaged, refused or of another layout.
    """
    with damage_named(path):
        zipped = zipfile.is_zipfile(path)
        compressed = opener(path) is not open
        members = list(_zip_members(path) if zipped else tar_members(path))
    found = {split: [] for split in SPLITS}
    roots = {}
    for name, at in members:
        parts = PurePosixPath(name).parts
        if is_image(name) and len(parts) >= 3 and parts[-3] in SPLITS:
            roots.setdefault(parts[:-3], name)
            found[parts[-3]].append(
                (parts[-2], f"{path}:{PurePosixPath(name)}", at if not compressed or zipped else name)
            )
    if len(roots) > 1:
        first, second = ["/".join(root) or "." for root in list(roots)[:2]]
        raise ConfigError(f"{key}: {path} holds train/ and val/ in several folders, {first} and {second}, expected one")
    for split, triples in found.items():
        names = [name for _, name, _ in triples]
        if len(set(names)) < len(names):
            twice = next(name for name in sorted(names) if names.count(name) > 1)
            raise ConfigError(f"{twice}: stands in the archive twice, expected once")
        if not triples:
            raise ConfigError(
                f"{key}: {path} holds no {split}/<class>/<image>.JPEG, expected an archive of train/, val/"
            )
    names, splits = by_class(found, key, str(path))
    read = partial(_read_zip if zipped else _read_compressed, path) if zipped or compressed else read_ranges
    return RawData(str(path), names, splits, read)


def opener(path: Path):
    """The function that opens a file and undoes its compression, known by its first bytes."""
    with path.open("rb") as stream:
        head = stream.read(6)
    if head.startswith(b"\x28\xb5\x2f\xfd"):
        raise ConfigError(f"{path}: compressed with Zstandard, expected gzip, bzip2, xz or zip; unpack it first")
    return next((function for magic, function in OPENERS.items() if head.startswith(magic)), open)


@contextmanager
def damage_named(path: Path) -> Iterator[None]:
    """Whatever the libraries raise about the contents of an archive, as one :class:`ConfigError`."""
    try:
        yield
    except DAMAGE as error:
        if isinstance(error, OSError) and error.strerror:
            raise ConfigError(f"{path}: cannot be read ({error.strerror})") from None
        raise ConfigError(f"{path}: damaged archive ({error or type(error).__name__}), expected a whole one") from None


def tar_members(path: Path) -> Iterator[tuple[str, tuple[Path, int, int]]]:
    """``(name, (path, offset, size))`` of the files in a tar file; offsets count uncompressed bytes."""
    with opener(path)(path, "rb") as stream:
        for member in walk_tar(stream, path):
            yield member.name, (path, member.offset_data, member.size)
        while stream.read(1 << 20):  # to the end, where compressed files have their checksum
            pass


def walk_tar(stream: BinaryIO, where: Path | str) -> Iterator[tarfile.TarInfo]:
    """The plain files of a tar stream, in order, checked to its very end, where tarfile stops at the first oddity."""
    with tarfile.open(fileobj=stream, mode="r:") as tar:
        while (member := tar.next()) is not None:
            tar.members.clear()  # tarfile keeps every member it has met
            if unsafe(member.name):
                raise ConfigError(f"{where}: member {member.name!r} leads outside the archive, {PLAIN}")
            if member.isdir():
                continue
            if not member.isreg() or member.issparse():
                raise ConfigError(f"{where}: member {member.name!r} is a link or a special file, {PLAIN}")
            yield member
        stream.seek(tar.offset)
        block = stream.read(BLOCK)
        if len(block) < BLOCK or any(block):
            raise tarfile.ReadError(f"no end mark at byte {tar.offset}")


def unsafe(name: str) -> bool:
    """Whether a member's name is absolute or climbs out of its folder."""
    path = PurePosixPath(name.replace("\\", "/"))
    return path.is_absolute() or ".." in path.parts or name[1:2] == ":"


def read_ranges(wanted: Wanted) -> Iterator[Reached]:
    """Pictures at ``(path, offset, size)`` in files not compressed, each read in the thread that decodes it."""

    def load(path, offset, size):
        with path.open("rb", buffering=0) as stream:
            stream.seek(offset)
            data = stream.read(size)
        if len(data) < size:
            raise ConfigError(f"{path}: damaged archive (ends at byte {offset + len(data)}), expected a whole one")
        return data

    for split, pictures in wanted.items():
        for row, picture in enumerate(pictures):
            yield split, row, partial(load, *picture.at)


def _read_compressed(path: Path, wanted: Wanted) -> Iterator[Reached]:
    rows = {picture.at: (split, row) for split, listed in wanted.items() for row, picture in enumerate(listed)}
    with damage_named(path), opener(path)(path, "rb") as stream:
        for member in walk_tar(stream, path):
            if member.name in rows:
                stream.seek(member.offset_data)
                data = stream.read(member.size)
                yield *rows[member.name], lambda data=data: data


def _zip_members(path: Path) -> Iterator[tuple[str, zipfile.ZipInfo]]:
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if unsafe(member.filename):
                raise ConfigError(f"{path}: member {member.filename!r} leads outside the archive, {PLAIN}")
            if member.external_attr >> 28 == 0o12:
                raise ConfigError(f"{path}: member {member.filename!r} is a link or a special file, {PLAIN}")
            if member.flag_bits & 1:
                raise ConfigError(f"{path}: member {member.filename!r} is encrypted, expected an open archive")
            if not member.is_dir():
                yield member.filename, member


def _read_zip(path: Path, wanted: Wanted) -> Iterator[Reached]:
    with damage_named(path), zipfile.ZipFile(path) as archive:
        for split, pictures in wanted.items():
            for row, picture in enumerate(pictures):
                data = archive.read(picture.at)
                yield split, row, lambda data=data: data
