"""Tar files, compressed or not: their members one after the other, and the contents of those that are wanted.

Nothing is believed that a header says of its own length: a member of a gigabyte takes no memory before it is known to
be wanted, and a header of a gigabyte is damage.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from train.config.printable import escaped
from train.config.schema import ConfigError
from train.data.images import HEAD, LARGEST_FILE, Unreadable, check_size
from train.data.raw.packed import File, Packed, Special
from train.data.raw.source import MISSING, Failed, Loaded, Reached, Wanted
from train.data.raw.tree import claims

OPENERS = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open}
DAMAGE = (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError, zlib.error, lzma.LZMAError, NotImplementedError)
#: What the libraries stumble over in headers of nonsense, such as sizes that are no numbers or headers of headers.
NONSENSE = (ValueError, IndexError, OverflowError, RecursionError, struct.error)
BLOCK = 512
VOLUME = b"V"  # the name of a tape, in GNU's format
#: Bytes that the headers of one member may take: long names and attributes need thousands, a bomb millions.
LARGEST_HEADER = 2**20


@dataclass(frozen=True, slots=True)
class Stored:
    """Where a file's bytes lie in a tar file, with offsets that count uncompressed bytes.

    ``pieces`` are ``(place in the file, length)`` of what is stored of a file with holes, or ``None`` for all of it.
    """

    path: Path
    offset: int
    size: int
    pieces: tuple[tuple[int, int], ...] | None = None

    def read(self, stream: BinaryIO) -> bytes:
        """The file, from the archive opened. Raises :class:`train.data.images.Unreadable` if it is too large."""
        check_size(self.size)
        if self.pieces is None:
            stream.seek(self.offset)
            return _exactly(stream, self.size, self.path)
        stream.seek(self.offset)
        whole = bytearray(self.size)
        for place, length in self.pieces:
            if place < 0 or length < 0 or place + length > self.size:
                raise ConfigError(f"{self.path}: damaged archive (a piece outside of its file), expected a whole one")
            whole[place : place + length] = _exactly(stream, length, self.path)
        return bytes(whole)

    def head(self, stream: BinaryIO) -> bytes:
        """Its first bytes."""
        if self.pieces is None:
            stream.seek(self.offset)
            return _exactly(stream, min(self.size, HEAD), self.path)
        if self.pieces and self.pieces[0][0] == 0:
            stream.seek(self.offset)
            return _exactly(stream, max(0, min(self.pieces[0][1], self.size, HEAD)), self.path)
        return bytes(min(self.size, HEAD))


def _exactly(stream: BinaryIO, size: int, path: Path) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise ConfigError(f"{path}: damaged archive (ends at byte {stream.tell()}), expected a whole one")
    return data


def opener(path: Path) -> Any:
    """The function that opens a file and undoes its compression, known by its first bytes."""
    with path.open("rb") as stream:
        head = stream.read(4096)
    if head.startswith(b"\x28\xb5\x2f\xfd"):
        raise ConfigError(f"{path}: compressed with Zstandard, expected gzip, bzip2, xz or zip; unpack it first")
    found = next((function for magic, function in OPENERS.items() if head.startswith(magic)), open)
    if found is lzma.open:
        try:
            lzma.LZMADecompressor(memlimit=LARGEST_FILE).decompress(head, 1)
        except lzma.LZMAError as error:
            raise ConfigError(f"{path}: damaged archive ({error}), expected a whole one") from None
    return found


@contextmanager
def damage_named(path: Path) -> Iterator[None]:
    """Whatever the libraries raise about the contents of an archive, as one :class:`ConfigError`."""
    try:
        yield
    except ConfigError:
        raise
    except (*DAMAGE, *NONSENSE) as error:
        if isinstance(error, OSError) and error.strerror:
            raise ConfigError(f"{path}: cannot be read ({error.strerror})") from None
        says = escaped(str(error)) or type(error).__name__
        raise ConfigError(f"{path}: damaged archive ({says}), expected a whole one") from None


class Headers:
    """The stream of a tar file as tarfile reads its headers: moved at will, read by no more than these may take."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream, self.taken = stream, 0
        self.seek, self.tell = stream.seek, stream.tell

    def read(self, size: int) -> bytes:
        """``size`` bytes."""
        self.taken += size
        if size < 0 or self.taken > LARGEST_HEADER:
            raise tarfile.ReadError(f"a header of more than {LARGEST_HEADER:,} bytes at byte {self.stream.tell()}")
        return self.stream.read(size)


def walk_tar(stream: BinaryIO, where: Path | str) -> Iterator[tarfile.TarInfo]:
    """The members of a tar stream, in order, checked to its very end, where tarfile stops at the first oddity."""
    headers = Headers(stream)
    with tarfile.open(fileobj=headers, mode="r:") as tar:
        while (member := tar.next()) is not None:
            tar.members.clear()  # tarfile keeps every member it has met
            headers.taken = 0
            if member.size < 0 or tar.offset <= member.offset:
                raise tarfile.ReadError(f"a negative size at byte {member.offset}")
            yield member
        stream.seek(tar.offset)
        block = stream.read(BLOCK)
        if len(block) < BLOCK or any(block):
            raise tarfile.ReadError(f"no end mark at byte {tar.offset}")


def stored(member: tarfile.TarInfo, path: Path) -> Stored:
    """Where the contents of a member lie."""
    return Stored(path, member.offset_data, member.size, tuple(member.sparse) if member.issparse() else None)


def read_stored(wanted: Wanted) -> Iterator[Reached]:
    """Pictures in tar files that are not compressed, each read in the thread that decodes it."""

    def load(at: Stored) -> bytes:
        with at.path.open("rb", buffering=0) as stream:
            return at.read(stream)

    for split, pictures in wanted.items():
        for row, picture in enumerate(pictures):
            yield split, row, partial(load, picture.at) if picture.at else MISSING


def read_compressed(path: Path, wanted: Wanted) -> Iterator[Reached]:
    """Pictures in a compressed tar file, in the order in which they lie in it."""
    rows: dict[int, tuple[Stored, list[tuple[str, int]]]] = {}
    for split, listed in wanted.items():
        for row, picture in enumerate(listed):
            if picture.at:
                rows.setdefault(picture.at.offset, (picture.at, []))[1].append((split, row))
            else:
                yield split, row, MISSING
    with damage_named(path), opener(path)(path, "rb") as stream:
        for offset in sorted(rows):
            at, places = rows[offset]  # several where there are links
            try:
                load = Loaded(at.read(stream))
            except Unreadable as error:
                load = Failed(error)
            for split, row in places:
                yield split, row, load


def list_tar(path: Path) -> Packed:
    """What is in a tar file, of which it is read to the end, where compressed files have their checksum."""
    with opener(path)(path, "rb") as stream:
        packed = pack(stream, path, str(path))
        while stream.read(1 << 20):
            pass
    return packed


def pack(stream: BinaryIO, path: Path, where: str, begin: int = 0) -> Packed:
    """The folders of a tar stream, which begins at byte ``begin`` of ``path``."""
    packed = Packed(where)
    for member in walk_tar(stream, where):
        name = member.name
        if member.isdir():
            packed.add(name, None)
        elif member.issym() or member.islnk():
            packed.add(name, packed.link(name, member.linkname, hard=member.islnk()))
        elif member.isreg():
            at = stored(member, path)
            head = b"" if claims(name) else at.head(stream)
            packed.add(name, File(replace(at, offset=begin + at.offset), head))
        elif member.type != VOLUME:
            packed.add(name, Special())
    return packed
