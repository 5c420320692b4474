"""Zip files: their members, and the contents of those that are wanted."""

from __future__ import annotations

import bz2
import contextlib
import copy
import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from train.config.printable import escaped
from train.config.schema import ConfigError
from train.data.images import HEAD, Unreadable, check_size
from train.data.raw.packed import File, Packed, Special
from train.data.raw.source import MISSING, Failed, Loaded, Reached, Wanted
from train.data.raw.tar import damage_named
from train.data.raw.tree import claims

#: Bytes of a path that a system follows.
LONGEST_TARGET = 4096
UTF8, ENCRYPTED = 0x800, 0x1


def list_zip(path: Path) -> Packed:
    """What is in a zip file."""
    packed = Packed(str(path))
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            name, mode = _name(member), member.external_attr >> 16
            if member.flag_bits & ENCRYPTED:
                raise ConfigError(f"{path}: member {escaped(name)!r} is encrypted, expected an open archive")
            if member.is_dir() or name.endswith("/"):
                packed.add(name, None)
            elif stat.S_ISLNK(mode) and member.file_size <= LONGEST_TARGET:
                target = contents(archive, member).decode("utf-8", "surrogateescape")
                packed.add(name, packed.link(name, target, hard=False))
            elif stat.S_IFMT(mode) in (0, stat.S_IFREG):
                packed.add(name, File(member, b"" if claims(name) else contents(archive, member, HEAD)))
            else:
                packed.add(name, Special())
    return packed


def read_zip(path: Path, wanted: Wanted) -> Iterator[Reached]:
    """Pictures in a zip file."""
    with damage_named(path), zipfile.ZipFile(path) as archive:
        for split, pictures in wanted.items():
            for row, picture in enumerate(pictures):
                try:
                    load = Loaded(contents(archive, picture.at)) if picture.at else MISSING
                except Unreadable as error:
                    load = Failed(error)
                yield split, row, load


def contents(archive: zipfile.ZipFile, member: zipfile.ZipInfo, most: int | None = None) -> bytes:
    """A member, or its first ``most`` bytes; never more than it says that it has, which not every decoder holds to.

    Raises ``BadZipFile`` where it has fewer, and :class:`train.data.images.Unreadable` if it is too large.
    """
    if most is None:
        check_size(member.file_size)
    size = member.file_size if most is None else min(most, member.file_size)
    if member.compress_type == zipfile.ZIP_BZIP2:
        check_size(member.compress_size)
        packed = copy.copy(member)
        packed.compress_type, packed.file_size = zipfile.ZIP_STORED, member.compress_size
        del packed.CRC
        with archive.open(packed) as stream:
            data = bz2.BZ2Decompressor().decompress(stream.read(member.compress_size), size)
        if most is None and zlib.crc32(data) != member.CRC:
            raise zipfile.BadZipFile(f"Bad CRC-32 for file {member.filename!r}")
    else:
        with archive.open(member) as stream:
            data = stream.read(size)
    if len(data) < size:
        raise zipfile.BadZipFile(f"file {member.filename!r} ends early")
    return data


def _name(member: zipfile.ZipInfo) -> str:
    """Many programs write UTF-8 without saying so, which zipfile takes for the code page of DOS; some, backslashes."""
    name = member.filename
    if not member.flag_bits & UTF8:
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return name if "/" in name or name[1:2] == ":" else name.replace("\\", "/")
