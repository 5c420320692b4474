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
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from train.config.printable import escaped
from train.config.schema import ConfigError
from train.data.raw.devkit import Devkit, read_devkit
from train.data.raw.download import verify_md5
from train.data.raw.folder import Disk, above, classes_in, read_files, reading
from train.data.raw.packed import File
from train.data.raw.source import Found, RawData, by_class
from train.data.raw.tar import damage_named, pack, read_stored
from train.data.raw.tree import HIDDEN, OTHER, Entry, LeftOut, hidden, pictures

TRAIN, VAL = "ILSVRC2012_img_train.tar", "ILSVRC2012_img_val.tar"
NUMBER = re.compile(r"_val_(\d{8})\.")


def open_imagenet(root: Path, key: str, checksums: Mapping[str, str]) -> RawData:
    """The pictures under ``root``; class names are those of the development kit where there is one.

    Archives that ``checksums`` names are verified first. Raises :class:`ConfigError` naming ``key`` or the file.
    """
    for name, md5 in checksums.items():
        if (root / name).exists():
            verify_md5(root / name, md5)
    devkit, left_out = read_devkit(root), LeftOut()
    if (root / TRAIN).exists() or (root / VAL).exists():
        found, read = _tar_files(root, key, devkit, left_out), read_stored
    else:
        found = {"train": classes_in(root / "train", key, left_out), "val": _val(root, key, devkit, left_out)}
        read = read_files
    wnids, splits = by_class(found, key, str(root), left_out)
    words = {**_mapping(root), **(devkit.words if devkit else {})}
    return RawData(str(root), [words.get(wnid, wnid) for wnid in wnids], splits, read, left_out)


def _tar_files(root: Path, key: str, devkit: Devkit | None, left_out: LeftOut) -> Found:
    for name in (TRAIN, VAL):
        if not (root / name).exists():
            raise ConfigError(f"{key}: {root / name} is missing, expected it beside the other official tar files")
    val = root / VAL
    with damage_named(val), val.open("rb") as stream:
        packed = pack(stream, val, str(val))
        listed = pictures(packed, Entry("", "folder", packed.top), "val", left_out)
    named = [(f"{val}:{name}", _place(at)) for name, at in listed]
    return {"train": _train_members(root / TRAIN, left_out), "val": _labelled(named, {}, devkit, key)}


def _train_members(path: Path, left_out: LeftOut) -> dict[str, list[tuple]]:
    """``(name, at)`` by wnid of the images in the tar files inside a tar file."""
    found: dict[str, list[tuple]] = {}
    with damage_named(path), path.open("rb") as outer, path.open("rb") as inner:
        packed = pack(outer, path, str(path))
        for name, at in _class_files(packed.top, "train", left_out):
            wnid = PurePosixPath(name).stem
            if wnid in found:
                raise ConfigError(f"{path}:{escaped(name)}: a second tar file of class {wnid}, expected one")
            # Nothing is compressed, so an image's place in the outer file is known, and threads can read it from there.
            part, where = Part(inner, at.offset, at.size), f"{path}:{escaped(name)}"
            folders = pack(part, path, where, at.offset)
            listed = pictures(folders, Entry("", "folder", folders.top), f"train/{wnid}", left_out)
            found[wnid] = [(f"{where}:{rest}", _place(at)) for rest, at in listed]
    return found


def _class_files(folder: dict, where: str, left_out: LeftOut) -> Iterable[tuple[str, Any]]:
    for name, item in folder.items():
        if hidden(name):
            left_out.add(HIDDEN, f"{where}/{name}")
        elif isinstance(item, dict):
            yield from _class_files(item, f"{where}/{name}", left_out)
        elif isinstance(item, File) and PurePosixPath(name).suffix == ".tar" and not item.at.pieces:
            yield name, item.at
        else:
            left_out.add(OTHER, f"{where}/{name}")


def _place(at: File | None) -> Any:
    return at and at.at


def _val(root: Path, key: str, devkit: Devkit | None, left_out: LeftOut) -> dict[str, list[tuple]]:
    """The validation images in class folders, or lying beside each other."""
    val, seen = root / "val", LeftOut()
    with reading(val, key):
        listed = pictures(Disk(), Entry("val", "folder", str(val)), "val", seen, above(val))
    flat = [(at, at) for name, at in listed if "/" not in name]
    if not flat:
        return classes_in(val, key, left_out)
    if len(flat) < len(listed):
        raise ConfigError(f"{key}: {val} holds images as well as folders of images, expected one of them")
    left_out.update(seen)
    return _labelled(flat, _solution(root), devkit, key)


def _labelled(
    images: Iterable[tuple[str, Any]], solution: Mapping[str, str], devkit: Devkit | None, key: str
) -> dict[str, list[tuple]]:
    """Validation images by class."""
    found = defaultdict(list)
    for name, at in images:
        found[solution.get(Path(name).stem) or _wnid(name, devkit, key)].append((name, at))
    return dict(found)


def _wnid(name: str, devkit: Devkit | None, key: str) -> str:
    """The class of a validation image by the number in its name."""
    if devkit is None:
        raise ConfigError(
            f"{key}: the validation images have no classes, expected ILSVRC2012_devkit_t12.tar.gz beside them"
        )
    number = NUMBER.search(name)
    if not number or not 1 <= int(number[1]) <= len(devkit.truth):
        raise ConfigError(
            f"{escaped(name)}: no image of the ground truth, "
            f"expected ILSVRC2012_val_00000001 to {len(devkit.truth):08d}"
        )
    return devkit.truth[int(number[1]) - 1]


def _solution(root: Path) -> dict[str, str]:
    """Kaggle's classes of validation images: ``ImageId,PredictionString``, the latter ``wnid x y x y ...``."""
    path = root / "LOC_val_solution.csv"
    if not path.exists():
        return {}
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            return {row["ImageId"]: row["PredictionString"].split()[0] for row in csv.DictReader(stream)}
    except (KeyError, IndexError, AttributeError, ValueError, csv.Error) as error:
        raise ConfigError(
            f"{path}: not readable as Kaggle's classes ({error}), expected rows ImageId,PredictionString"
        ) from None


def _mapping(root: Path) -> dict[str, str]:
    """Kaggle's names of classes: lines ``wnid words``."""
    path = root / "LOC_synset_mapping.txt"
    try:
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    except ValueError as error:
        raise ConfigError(f"{path}: not readable as names of classes ({error}), expected lines in UTF-8") from None
    return dict(line.split(" ", 1) for line in lines if " " in line)


class Part:
    """A tar file inside a file, as the reading half of a file object."""

    def __init__(self, stream: Any, start: int, size: int) -> None:
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
