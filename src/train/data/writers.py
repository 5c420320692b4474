"""Write the arrays and records of a prepared store, in whatever order their images arrive.

Nothing is written through a memory map: on a full disk that ends a process without a word.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import math
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from train.config.cell import Size, sides
from train.data.images import check, decode, fit

#: JPEG does not compress further; single records can be read without their neighbours.
RECORD_OPTIONS = "group_size:1,uncompressed"


class ArrayWriter:
    """``<split>_image.npy``, uint8 ``(N, height, width, 3)``; a context, after which the file is closed."""

    def __enter__(self) -> ArrayWriter:
        return self

    def __exit__(self, *error: object) -> None:
        self.file.close()

    def __init__(self, folder: Path, split: str, count: int, size: Size) -> None:
        self.shape = (count, *sides(size), 3)
        self.path = folder / f"{split}_image.npy"
        self.file = _new_array(self.path, self.shape)
        self.begin = self.file.tell()
        self.bytes = math.prod(self.shape[1:])

    def convert(self, data: bytes) -> bytes:
        """What is stored of an image file. Raises :class:`train.data.images.Unreadable`."""
        return fit(decode(data), self.shape[1:3]).tobytes()

    def put(self, row: int, pixels: bytes) -> None:
        """Write the image of a row."""
        self.file.seek(self.begin + row * self.bytes)
        self.file.write(pixels)

    def finish(self, kept: np.ndarray) -> None:
        """Complete the file, with the rows in ``kept`` (bool) only."""
        self.file.close()
        if not kept.all():
            whole = np.load(self.path, mmap_mode="r")
            self.path.unlink()
            with _new_array(self.path, (int(kept.sum()), *self.shape[1:])) as file:
                for row in np.flatnonzero(kept):
                    file.write(whole[row].tobytes())


class RecordWriter:
    """``<split>.array_record``, the image files, and ``<split>_records.npy``, the record of each row; a context."""

    def __enter__(self) -> RecordWriter:
        return self

    def __exit__(self, *error: object) -> None:
        with contextlib.suppress(RuntimeError):  # after an error there is another one in closing
            self.writer.close()

    def __init__(self, folder: Path, split: str, count: int) -> None:
        from array_record.python.array_record_module import ArrayRecordWriter

        self.folder, self.split = folder, split
        self.path = folder / f"{split}.array_record"
        self.writer = ArrayRecordWriter(str(self.path), RECORD_OPTIONS)
        self.record_of = np.full(count, -1, np.int64)
        self.written = 0

    def convert(self, data: bytes) -> bytes:
        """The file itself, once it is known that it can be decoded. Raises :class:`train.data.images.Unreadable`."""
        check(data)
        return data

    def put(self, row: int, data: bytes) -> None:
        """Append the image of a row."""
        with _named(self.path):
            self.writer.write(data)
        self.record_of[row] = self.written
        self.written += 1

    def finish(self, kept: np.ndarray) -> None:
        """Complete the files, with the rows in ``kept`` (bool) only."""
        with _named(self.path):
            self.writer.close()
        np.save(self.folder / f"{self.split}_records.npy", self.record_of[kept])


def digest(examples: Iterable[bytes]) -> str:
    """What is in an array: the digests of its examples, in row order, whatever the order of arrival."""
    return hashlib.blake2b(b"".join(examples), digest_size=16).hexdigest()


def digest_of(stored: bytes) -> bytes:
    """The digest of one example as stored."""
    return hashlib.blake2b(stored, digest_size=16).digest()


@contextlib.contextmanager
def _named(path: Path) -> Any:
    """The writer's RuntimeError, on a full disk for one, as the OSError that it is."""
    try:
        yield
    except RuntimeError as error:
        raise OSError(errno.EIO, str(error).partition(";")[0], str(path)) from None


def _new_array(path: Path, shape: tuple[int, ...]) -> Any:
    file = path.open("wb")
    header = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    if hasattr(os, "posix_fallocate"):  # a full disk shows here, before any work
        try:
            os.posix_fallocate(file.fileno(), 0, file.tell() + math.prod(shape))
        except OSError:
            file.close()
            raise
    return file
