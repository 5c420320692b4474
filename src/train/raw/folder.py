"""A folder ``{train,val}/<class>/<image>``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from train.raw.source import SPLITS, RawData, Reached, Wanted, by_class, is_image
from train.schema import ConfigError


def open_folder(root: Path, key: str) -> RawData:
    """The pictures under ``root``. Raises :class:`ConfigError` naming ``key``."""
    found = {split: list(classes_in(root / split, key)) for split in SPLITS}
    names, splits = by_class(found, key, str(root))
    return RawData(str(root), names, splits, read_files)


def classes_in(folder: Path, key: str) -> Iterator[tuple[str, str, str]]:
    """``(class, name, path)`` of the images in the class folders of ``folder``."""
    try:
        for entry in os.scandir(folder):
            if entry.is_dir() and not entry.name.startswith("."):
                for file in os.scandir(entry.path):
                    if is_image(file.name):
                        yield entry.name, file.path, file.path
    except OSError as error:
        raise ConfigError(
            f"{key}: {folder} cannot be read ({error.strerror}), expected a folder of class folders"
        ) from None


def read_files(wanted: Wanted) -> Iterator[Reached]:
    """Files one by one; each is read in the thread that decodes it."""
    for split, pictures in wanted.items():
        for row, picture in enumerate(pictures):
            yield split, row, Path(picture.at).read_bytes
