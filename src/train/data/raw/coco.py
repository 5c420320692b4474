"""Pictures annotated in the form of COCO: folders ``train/`` and ``val/``, and a JSON file for each.

Source: Lin et al. 2014 (arXiv:1405.0312); https://cocodataset.org/#format-data.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from train.config.printable import shown
from train.config.schema import ConfigError
from train.data.raw.boxes import Annotated, Object, raw_boxes
from train.data.raw.source import SPLITS, RawData
from train.data.raw.unpacked import contents

#: Names of a split's annotations and of its folder of pictures, the first of which that is there is meant.
FILES = ("{split}.json", "annotations/{split}.json", "annotations/instances_{split}2017.json")
FOLDERS = ("{split}", "{split}2017", "images/{split}")


def open_coco(root: Path, only: tuple[str, ...] | None) -> RawData:
    """The pictures with boxes of all categories, in the order of their numbers, or of ``only`` some.

    A crowd counts as difficult. Raises :class:`ConfigError` naming the file that is missing or of another form.
    """
    names: list[str] = []
    splits = {}
    for split in SPLITS:
        file = _first(root, FILES, split, "annotations")
        folder = _first(root, FOLDERS, split, "pictures")
        categories, splits[split] = _read(file, folder)
        if names and categories != names:
            raise ConfigError(f"{shown(file, 300)}: other categories than those of train, expected the same")
        names = categories
    if strange := sorted(set(only or ()) - set(names)):
        raise ConfigError(f"key 'only' has {strange[0]!r}, expected some of {', '.join(names)}")
    return raw_boxes(str(root), only or names, splits, only is not None)


def _first(root: Path, places: tuple[str, ...], split: str, what: str) -> Path:
    named = [place.format(split=split) for place in places]
    for name in named:
        if (root / name).exists():
            return root / name
    raise ConfigError(f"{root}: no {what} of {split}, expected {' or '.join(named)}")


def _read(file: Path, folder: Path) -> tuple[list[str], list[Annotated]]:
    try:
        value: dict[str, Any] = json.loads(contents(file))
        names = {one["id"]: str(one["name"]) for one in sorted(value["categories"], key=lambda one: one["id"])}
        objects: dict[Any, list[Object]] = defaultdict(list)
        for one in value["annotations"]:
            left, top, width, height = map(float, one["bbox"])
            name = names[one["category_id"]]
            crowd = bool(one.get("iscrowd", 0))
            objects[one["image_id"]].append(Object(name, left, top, left + width, top + height, crowd))
        pictures = [
            Annotated(
                folder / one["file_name"],
                float(one["width"]),
                float(one["height"]),
                objects[one["id"]],
                f"{shown(file, 300)}: {one['file_name']}",
            )
            for one in sorted(value["images"], key=lambda one: str(one["file_name"]))
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"{shown(file, 300)}: no annotations as COCO's ({type(error).__name__}: {error}), expected categories, "
            "images and annotations with bbox"
        ) from None
    if not pictures:
        raise ConfigError(f"{shown(file, 300)}: names no picture, expected some")
    return list(names.values()), pictures
