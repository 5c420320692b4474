"""Arrays in files of numpy's formats, believed only when they are whole and of the type and shape expected."""

from __future__ import annotations

import stat
import warnings
import zipfile
from pathlib import Path

import numpy as np

from train.config.printable import shown
from train.config.schema import ConfigError


def open_array(path: Path, dtype: type, shape: tuple[int | None, ...], advice: str) -> np.ndarray:
    """The memory map of a ``.npy`` file; ``None`` in ``shape`` is any length but zero.

    Only the header and the length of the file are read. Raises :class:`ConfigError`, which ends with ``advice``.
    """
    where = shown(path, 300)
    try:
        _regular(path)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = np.lib.format.open_memmap(path, mode="r")
    except Exception as error:  # whatever numpy's reader of headers stumbles over in a damaged one
        raise ConfigError(f"{where}: damaged or no array ({_reason(error)}); {advice}") from None
    fits = len(found.shape) == len(shape) and all(
        length == wanted if wanted is not None else length for length, wanted in zip(found.shape, shape, strict=True)
    )
    if found.dtype != np.dtype(dtype) or not fits:
        wanted = ", ".join("N" if length is None else str(length) for length in shape)
        raise ConfigError(
            f"{where}: holds {found.dtype} {found.shape}, expected {np.dtype(dtype)} "
            f"({wanted}{',' if len(shape) == 1 else ''}); {advice}"
        )
    length = path.stat().st_size
    if not found.flags.c_contiguous or found.offset + found.nbytes != length:
        raise ConfigError(f"{where}: damaged ({length:,} bytes, expected {found.offset + found.nbytes:,}); {advice}")
    return found


def read_arrays(path: Path, advice: str) -> dict[str, np.ndarray]:
    """All arrays of a ``.npz`` file by name, their checksums verified. Raises :class:`ConfigError` with ``advice``."""
    where = shown(path, 300)
    try:
        _regular(path)
        with zipfile.ZipFile(path) as archive, warnings.catch_warnings():
            warnings.simplefilter("error")
            found = {}
            for member in archive.namelist():
                with archive.open(member) as stream:
                    found[member.removesuffix(".npy")] = np.lib.format.read_array(stream, allow_pickle=False)
                    if stream.read(1):  # reaches the end, where the checksum is compared
                        raise ValueError(f"more than an array in {member}")
    except Exception as error:  # zipfile and numpy raise some ten kinds for damaged files
        raise ConfigError(f"{where}: damaged or no file of arrays ({_reason(error)}); {advice}") from None
    return found


def _regular(path: Path) -> None:
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        raise OSError(0, "is a folder" if stat.S_ISDIR(mode) else "is no regular file")


def _reason(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return shown(" ".join(text.split()), 160)
