"""Write the arrays and records of a prepared store, in whatever order their images arrive.

Nothing is written through a memory map: on a full disk that ends a process without a word.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from train.data.example import Example
from train.data.images import Unreadable, check, decode, decode_mask, fit, fit_mask

#: JPEG does not compress further; single records can be read without their neighbours.
RECORD_OPTIONS = "group_size:1,uncompressed"


#: Type and shape of an example in each array of a split, by its name; pictures are ``image``.
Layout = Mapping[str, tuple[np.dtype, tuple[int, ...]]]


class ArrayWriter:
    """``<split>_<name>.npy`` for every array of a ``layout``; a context, after which the files are closed."""

    def __enter__(self) -> ArrayWriter:
        return self

    def __exit__(self, *error: object) -> None:
        for file in self.files.values():
            file.close()

    def __init__(self, folder: Path, split: str, count: int, layout: Layout) -> None:
        self.folder, self.split, self.count, self.layout = folder, split, count, layout
        self.files = {}
        for name in layout:
            self.files[name] = _new_array(self._path(name), count, *layout[name])
        self.begin = {name: file.tell() for name, file in self.files.items()}

    def convert(self, data: bytes | Example) -> tuple[bytes, ...]:
        """What is stored of a picture in every array. Raises :class:`train.data.images.Unreadable`."""
        example = data if isinstance(data, Example) else Example(data)
        size = self.layout["image"][1][:2]
        picture = decode(example.image) if isinstance(example.image, bytes) else None
        stored = {"image": example.image if picture is None else fit(picture, (size[0], size[1])), **example.arrays}
        if example.mask is not None:
            stored["mask"] = _mask(example, size, picture.size if picture else None)
        parts = []
        for name, (dtype, shape) in self.layout.items():
            array = np.asarray(stored[name], dtype)
            if array.shape != shape:
                raise Unreadable(f"{name} of shape {array.shape}, expected {shape}")
            parts.append(array.tobytes())
        return tuple(parts)

    def put(self, row: int, stored: tuple[bytes, ...]) -> None:
        """Write the arrays of a row."""
        for (name, file), part in zip(self.files.items(), stored, strict=True):
            file.seek(self.begin[name] + row * len(part))
            file.write(part)

    def finish(self, kept: np.ndarray) -> None:
        """Complete the files, with the rows in ``kept`` (bool) only."""
        for name, file in self.files.items():
            file.close()
            if not kept.all():
                whole = np.load(self._path(name), mmap_mode="r")
                self._path(name).unlink()
                with _new_array(self._path(name), int(kept.sum()), *self.layout[name]) as smaller:
                    for row in np.flatnonzero(kept):
                        smaller.write(whole[row].tobytes())

    def manifest(self, digests: Mapping[str, str]) -> dict[str, Any]:
        """What ``store.json`` says of every array."""
        return {
            name: {"dtype": dtype.name, "shape": list(shape), "digest": digests[name]}
            for name, (dtype, shape) in self.layout.items()
        }

    def _path(self, name: str) -> Path:
        return self.folder / f"{self.split}_{name}.npy"


def _mask(example: Example, size: tuple[int, ...], of_picture: tuple[int, int] | None) -> np.ndarray:
    """Raises :class:`train.data.images.Unreadable` for a mask of another size than its picture."""
    mask = example.mask
    if isinstance(mask, bytes):
        mask = decode_mask(mask)
        if of_picture and mask.shape[::-1] != of_picture:
            found, expected = (" × ".join(map(str, pair)) for pair in (mask.shape[::-1], of_picture))
            raise Unreadable(f"a mask of {found} pixels, expected {expected} as the picture")
        mask = fit_mask(mask, (size[0], size[1]))
    if example.classes is None:
        return mask
    found = set(np.unique(mask).tolist())
    if strange := sorted(found - example.classes.keys()):
        raise Unreadable(f"value {strange[0]} in the mask, expected one of {', '.join(map(str, example.classes))}")
    table = np.zeros(256, np.uint8)
    table[list(example.classes)] = list(example.classes.values())
    return table[mask]


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

    def convert(self, data: bytes) -> tuple[bytes]:
        """The file itself, once it is known that it can be decoded. Raises :class:`train.data.images.Unreadable`."""
        check(data)
        return (data,)

    def put(self, row: int, stored: tuple[bytes]) -> None:
        """Append the image of a row."""
        with _named(self.path):
            self.writer.write(stored[0])
        self.record_of[row] = self.written
        self.written += 1

    def finish(self, kept: np.ndarray) -> None:
        """Complete the files, with the rows in ``kept`` (bool) only."""
        with _named(self.path):
            self.writer.close()
        np.save(self.folder / f"{self.split}_records.npy", self.record_of[kept])


def save_array(folder: Path, split: str, name: str, values: np.ndarray, together: int = 1) -> dict[str, Any]:
    """Write an array with a row for each example, and return what ``store.json`` says of it.

    Its digest is that of the digests of as many examples ``together``.
    """
    np.save(folder / f"{split}_{name}.npy", values)
    width = together * values.dtype.itemsize * math.prod(values.shape[1:])
    content = np.ascontiguousarray(values, values.dtype.newbyteorder("<")).tobytes()
    rows = digest(digest_of(content[at : at + width]) for at in range(0, len(content), width))
    return {"dtype": values.dtype.name, "shape": list(values.shape[1:]), "digest": rows}


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


def _new_array(path: Path, count: int, dtype: np.dtype, shape: tuple[int, ...]) -> Any:
    file = path.open("wb")
    header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": (count, *shape)}
    np.lib.format.write_array_header_1_0(file, header)
    if hasattr(os, "posix_fallocate"):  # a full disk shows here, before any work
        try:
            os.posix_fallocate(file.fileno(), 0, file.tell() + dtype.itemsize * count * math.prod(shape))
        except OSError:
            file.close()
            raise
    return file
