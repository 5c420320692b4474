"""ImageNet's ILSVRC 2012 classification data: the official tar files, or folders made of them.

``path`` holds, in the first form that is found,

1. ``ILSVRC2012_img_train.tar`` (a tar file per class), ``ILSVRC2012_img_val.tar`` and ``ILSVRC2012_devkit_t12.tar.gz``
   (or that archive's folder ``ILSVRC2012_devkit_t12``), none of them unpacked;
2. ``train/<wnid>/`` and ``val/<wnid>/``;
3. ``train/<wnid>/`` and a flat ``val/``, with the development kit, or with Kaggle's ``LOC_val_solution.csv``.

Labels are 0 to 999 in sorted order of the WordNet identifiers (wnids), as every published model has them. The ground
truth counts otherwise: by ILSVRC2012_ID, from 1, in the order of ``meta.mat``.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from train.raw.archive import damage_named, read_ranges, walk_tar
from train.raw.devkit import Devkit, read_devkit
from train.raw.download import verify_md5
from train.raw.folder import classes_in, read_files
from train.raw.source import RawData, by_class, is_image
from train.schema import ConfigError

TRAIN, VAL = "ILSVRC2012_img_train.tar", "ILSVRC2012_img_val.tar"
NUMBER = re.compile(r"_val_(\d{8})\.")


def open_imagenet(root: Path, key: str, checksums: Mapping[str, str]) -> RawData:
    """The pictures under ``root``; class names are those of the development kit where there is one.

    Archives that ``checksums`` names are verified first. Raises :class:`ConfigError` naming ``key`` or the file.
    """
    for name, md5 in checksums.items():
        if (root / name).exists():
            verify_md5(root / name, md5)
    devkit = read_devkit(root)
    if (root / TRAIN).exists() or (root / VAL).exists():
        found, read = _tar_files(root, key, devkit), read_ranges
    else:
        val = root / "val"
        flat = val.is_dir() and any(is_image(path.name) for path in val.iterdir())
        labelled = _flat(val, _solution(root), devkit, key) if flat else classes_in(val, key)
        found, read = {"train": list(classes_in(root / "train", key)), "val": list(labelled)}, read_files
    wnids, splits = by_class(found, key, str(root))
    words = {**_mapping(root), **(devkit.words if devkit else {})}
    return RawData(str(root), [words.get(wnid, wnid) for wnid in wnids], splits, read)


def _tar_files(root: Path, key: str, devkit: Devkit | None) -> dict[str, list[tuple]]:
    for name in (TRAIN, VAL):
        if not (root / name).exists():
            raise ConfigError(f"{key}: {root / name} is missing, expected it beside the other official tar files")
    return {"train": list(_train_members(root / TRAIN)), "val": list(_val_members(root / VAL, devkit, key))}


def _train_members(path: Path) -> Iterator[tuple[str, str, tuple]]:
    """``(wnid, name, (file, offset, size))`` of the images in the tar files inside a tar file."""
    with damage_named(path), path.open("rb") as outer, path.open("rb") as inner:
        for tar in walk_tar(outer, path):
            wnid = PurePosixPath(tar.name).stem
            # Nothing is compressed, so an image's place in the outer file is known, and threads can read it from there.
            part = Part(inner, tar.offset_data, tar.size)
            for member in walk_tar(part, f"{path}:{tar.name}"):
                if is_image(member.name):
                    at = (path, tar.offset_data + member.offset_data, member.size)
                    yield wnid, f"{path}:{tar.name}:{member.name}", at


def _val_members(path: Path, devkit: Devkit | None, key: str) -> Iterator[tuple[str, str, tuple]]:
    with damage_named(path), path.open("rb") as stream:
        for member in walk_tar(stream, path):
            if is_image(member.name):
                wnid = _wnid(f"{path}:{member.name}", devkit, key)
                yield wnid, f"{path}:{member.name}", (path, member.offset_data, member.size)


def _flat(folder: Path, solution: dict[str, str], devkit: Devkit | None, key: str) -> Iterator[tuple[str, str, str]]:
    for path in folder.iterdir():
        if is_image(path.name):
            yield solution.get(path.stem) or _wnid(str(path), devkit, key), str(path), str(path)


def _wnid(name: str, devkit: Devkit | None, key: str) -> str:
    """The class of a validation image by the number in its name."""
    if devkit is None:
        raise ConfigError(
            f"{key}: the validation images have no classes, expected ILSVRC2012_devkit_t12.tar.gz beside them"
        )
    number = NUMBER.search(name)
    if not number or not 1 <= int(number[1]) <= len(devkit.truth):
        raise ConfigError(
            f"{name}: no image of the ground truth, expected ILSVRC2012_val_00000001 to {len(devkit.truth):08d}"
        )
    return devkit.truth[int(number[1]) - 1]


def _solution(root: Path) -> dict[str, str]:
    """Kaggle's classes of validation images: ``ImageId,PredictionString``, the latter ``wnid x y x y ...``."""
    path = root / "LOC_val_solution.csv"
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as stream:
        return {row["ImageId"]: row["PredictionString"].split()[0] for row in csv.DictReader(stream)}


def _mapping(root: Path) -> dict[str, str]:
    """Kaggle's names of classes: lines ``wnid words``."""
    path = root / "LOC_synset_mapping.txt"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return dict(line.split(" ", 1) for line in lines if " " in line)


class Part:
    """A tar file inside a file, as the reading half of a file object."""

    def __init__(self, stream, start: int, size: int):
        self.stream, self.start, self.size, self.position = stream, start, size, 0

    def seek(self, position: int) -> int:
        """Move to a place counted from the beginning of the part."""
        self.position = position
        return position

    def tell(self) -> int:
        """The place that is read next."""
        return self.position

    def read(self, size: int = -1) -> bytes:
        """At most ``size`` bytes, to the end of the part."""
        left = max(0, self.size - self.position)
        self.stream.seek(self.start + self.position)
        data = self.stream.read(left if size < 0 else min(size, left))
        self.position += len(data)
        return data
