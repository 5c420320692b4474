"""Pictures and labels as IDX files, as MNIST is published: a pair for training, and one to validate on.

A file is two bytes of zero, the type of its numbers, how many axes they have, the length of each axis in four bytes,
the most significant first, and the numbers.

Source: LeCun, Cortes & Burges, The MNIST database of handwritten digits, http://yann.lecun.com/exdb/mnist/.
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from train.config.cell import Dataset
from train.config.printable import shown
from train.config.schema import ConfigError
from train.data.png import png
from train.data.raw.download import fetch
from train.data.raw.source import Picture, RawData

#: The published names by split, of pictures and of labels.
FILES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "val": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
#: The type of bytes, the only one that is read.
BYTES = 8
#: The most bytes that a file may hold when it is unpacked, so that no small archive can fill the memory.
LARGEST = 1 << 31


def open_idx(dataset: Dataset, downloads: Path, key: str) -> RawData:
    """The grey pictures of the four files in the folder that ``path`` names, or of those that are downloaded.

    They may be compressed by gzip. Classes are the labels from 0 to the largest, called by their numbers. Raises
    :class:`ConfigError` naming the file that is missing, damaged or of another form, or two that do not go together.
    """
    root = _fetched(dataset, downloads, key) if dataset.path is None else Path(dataset.path)
    images, labels, splits = {}, {}, {}
    for split, names in FILES.items():
        files = [_found(root, name, key) for name in names]
        images[split], labels[split] = (read_idx(file, axes) for file, axes in zip(files, (3, 1), strict=True))
        if len(images[split]) != len(labels[split]):
            raise ConfigError(
                f"{shown(files[1], 300)}: {len(labels[split]):,} labels, expected {len(images[split]):,}, one for each "
                f"picture of {files[0].name}"
            )
        splits[split] = [Picture(f"{files[0]}: {at}", int(label), at) for at, label in enumerate(labels[split])]
    classes = 1 + max(int(part.max()) for part in labels.values())

    def read(wanted: Any) -> Iterator[Any]:
        for split, listed in wanted.items():
            for row, picture in enumerate(listed):
                yield split, row, lambda split=split, at=picture.at: png(Image.fromarray(images[split][at]))

    return RawData(str(root), [str(label) for label in range(classes)], splits, read)


def read_idx(path: Path, axes: int) -> np.ndarray:
    """The bytes of a file with so many axes, the first of which is of one example or more.

    Raises :class:`ConfigError` for one that is damaged, or holds other numbers, more or fewer than it says.
    """
    try:
        with _opened(path) as stream:
            start = stream.read(4 + 4 * axes)
            if start[:4] != bytes([0, 0, BYTES, axes]) or len(start) < 4 + 4 * axes:
                raise ConfigError(
                    f"{shown(path, 300)}: begins with {start[:4].hex(' ') or 'nothing'}, expected 00 00 08 {axes:02x}: "
                    f"an IDX file of bytes with {axes} ax{'es' if axes > 1 else 'is'}"
                )
            shape = struct.unpack(f">{axes}I", start[4:])
            size = math.prod(shape)
            if not 0 < size <= LARGEST:
                raise ConfigError(f"{shown(path, 300)}: says that it holds {size:,} bytes, expected 1 to {LARGEST:,}")
            content = stream.read(size + 1)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ConfigError(f"{shown(path, 300)}: damaged archive ({error}), expected a whole one") from None
    except OSError as error:
        raise ConfigError(f"{shown(path, 300)}: cannot be read ({error.strerror or error})") from None
    if len(content) != size:
        found = "more" if len(content) > size else f"{len(content):,}"
        raise ConfigError(f"{shown(path, 300)}: holds {found} of the {size:,} bytes that it says, expected just these")
    return np.frombuffer(content, np.uint8).reshape(shape)


def _opened(path: Path) -> BinaryIO:
    """The contents of a file, unpacked where they are packed, whatever its name says."""
    with path.open("rb") as stream:
        packed = stream.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rb") if packed else path.open("rb")


def _fetched(dataset: Dataset, downloads: Path, key: str) -> Path:
    """The folder of the downloaded files, one of the data set's own: others have files of the same names."""
    archives = dataset.download.archives if dataset.download else ()
    if not archives:
        raise ConfigError(f"{key} 'path' is null, expected a folder, or a key 'download' with 'archives'")
    for archive in archives:
        fetch(archive, downloads / dataset.name, f"{key} 'download'")
    return downloads / dataset.name


def _found(root: Path, name: str, key: str) -> Path:
    for path in (root / name, root / f"{name}.gz"):
        if path.is_file():
            return path
    raise ConfigError(f"{key} 'path': {shown(root / name, 300)} is missing, expected that file, or {name}.gz")
