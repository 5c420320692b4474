"""Data sets that are published as several archives of one folder: where it is, or fetched and unpacked."""

from __future__ import annotations

import shutil
import tarfile
import zipfile
from pathlib import Path

from train.config.cell import Dataset
from train.config.printable import shown
from train.config.schema import ConfigError
from train.data.raw.download import fetch
from train.machine.progress import say

#: Written last into a folder of what was unpacked: the checksums of its archives.
DONE = ".unpacked"


def folder_of(dataset: Dataset, downloads: Path) -> Path:
    """The folder that ``path`` names, or that of the downloaded archives, unpacked once.

    Raises :class:`ConfigError` for what is missing, damaged or not what its checksum says; nothing half unpacked is
    ever used.
    """
    key = f"config/datasets/{dataset.name}.yaml: key"
    if dataset.path is not None:
        path = Path(dataset.path)
        if not path.is_dir():
            raise ConfigError(f"{key} 'path' is {path}, expected the folder of what its archives hold")
        return path
    archives = dataset.download.archives if dataset.download else ()
    if not archives:
        raise ConfigError(f"{key} 'path' is null, expected a folder, or a key 'download' with 'archives'")
    files = [fetch(archive, downloads, f"{key} 'download'") for archive in archives]
    target, wanted = downloads / f"{dataset.name}-unpacked", "\n".join(str(a.md5 or a.sha256) for a in archives)
    done = target / DONE
    try:
        if done.exists() and done.read_text() == wanted:
            return target
        partial = target.with_name(f"{target.name}.part")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        for file in files:
            say(f"{dataset.name}: unpacking {file.name}")
            _unpack(file, partial)
        (partial / DONE).write_text(wanted)
        shutil.rmtree(target, ignore_errors=True)
        partial.rename(target)
    except OSError as error:
        raise ConfigError(f"{error.filename or target}: cannot be written ({error.strerror or error})") from None
    return target


def _unpack(file: Path, folder: Path) -> None:
    """Members outside of the folder, links out of it and devices are refused."""
    try:
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as archive:
                archive.extractall(folder)
            return
        with tarfile.open(file) as archive:
            archive.extractall(folder, filter="data")
    except (tarfile.TarError, zipfile.BadZipFile, EOFError) as error:
        raise ConfigError(f"{shown(file, 300)}: damaged archive ({error}), expected a whole one") from None


def listed(path: Path) -> list[list[str]]:
    """The words of each line of a list, without comments. Raises :class:`ConfigError` where it cannot be read."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"{shown(path, 300)}: cannot be read ({reason}), expected a list as published") from None
    words = [line.split() for line in lines if line.strip() and not line.startswith("#")]
    if not words:
        raise ConfigError(f"{shown(path, 300)}: is empty, expected a list as published")
    return words


def contents(path: Path) -> bytes:
    """A file whose picture is listed. Raises :class:`ConfigError` where it is not there."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{shown(path, 300)}: cannot be read ({error.strerror}), though a list names it") from None
