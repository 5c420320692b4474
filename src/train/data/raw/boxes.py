"""Objects of pictures as their annotations are published, and as they are stored."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from train.config.printable import shown
from train.config.schema import ConfigError
from train.data.example import Example, padded
from train.data.raw.source import Picture, RawData
from train.data.raw.unpacked import contents

#: Pixels by which a box may reach beyond its picture: annotations are rounded.
SLACK = 1.0


@dataclass(frozen=True)
class Object:
    """One object: its class, its edges in pixels from the left and top, and whether it is to count."""

    name: str
    left: float
    top: float
    right: float
    bottom: float
    difficult: bool = False


@dataclass(frozen=True)
class Annotated:
    """A picture's file, its width and height, its objects, and the file that says so."""

    image: Path
    width: float
    height: float
    objects: Sequence[Object]
    where: str


def of_xml(path: Path, image: Path) -> Annotated:
    """An annotation in the form of Pascal VOC, whose pixels count from 1, edges included.

    Raises :class:`ConfigError` naming the file for one that is missing or of another form.
    """
    try:
        root = ElementTree.fromstring(contents(path))
        width, height = (float(root.findtext(f"size/{side}")) for side in ("width", "height"))
        objects = [
            Object(
                one.findtext("name"),
                *(float(one.findtext(f"bndbox/{edge}")) - 1 for edge in ("xmin", "ymin")),
                *(float(one.findtext(f"bndbox/{edge}")) for edge in ("xmax", "ymax")),
                difficult=one.findtext("difficult", "0").strip() == "1",
            )
            for one in root.iter("object")
        ]
    except (ElementTree.ParseError, TypeError, ValueError) as error:
        raise ConfigError(
            f"{shown(path, 300)}: no annotation as Pascal VOC's ({error}), expected size and objects with bndbox"
        ) from None
    return Annotated(image, width, height, objects, shown(path, 300))


def raw_boxes(
    where: str, names: Sequence[str], splits: Mapping[str, Sequence[Annotated]], only: bool = False
) -> RawData:
    """Pictures with the boxes of objects called by ``names``.

    Others are an error, or left out where ``only`` these count. Raises :class:`ConfigError` naming the annotation for a
    box that is empty or outside of its picture, and for a split without objects.
    """
    number = {name: label for label, name in enumerate(names)}
    tables: dict[str, list[Picture]] = {}
    for split, pictures in splits.items():
        tables[split] = [Picture(str(one.image), 0, (one, _stored(one, number, only))) for one in pictures]
        if not any(len(picture.at[1][1]) for picture in tables[split]):
            raise ConfigError(f"{where}: no object in {split}, expected some")
    most = max(len(picture.at[1][1]) for table in tables.values() for picture in table)

    def load(one: Annotated, stored: tuple[np.ndarray, ...]) -> Callable[[], Any]:
        boxes, labels, difficult = stored
        return lambda: Example(contents(one.image), arrays=padded(boxes, labels, difficult, most))

    def read(wanted: Any) -> Iterator[Any]:
        for split, table in wanted.items():
            for row, picture in enumerate(table):
                yield split, row, load(*picture.at)

    return RawData(where, list(names), tables, read, most_objects=most)


def _stored(picture: Annotated, number: Mapping[str, int], only: bool) -> tuple[np.ndarray, ...]:
    """Boxes as shares of the picture, labels, and whether each is difficult."""
    boxes, labels, difficult = [], [], []
    for one in picture.objects:
        if one.name not in number:
            if only:
                continue
            raise ConfigError(f"{picture.where}: an object is called {one.name!r}, expected one of {', '.join(number)}")
        edges = (one.left, one.top, one.right, one.bottom)
        inside = one.left >= -SLACK and one.top >= -SLACK
        inside &= one.right <= picture.width + SLACK and one.bottom <= picture.height + SLACK
        if not all(map(math.isfinite, edges)) or not inside or one.right <= one.left or one.bottom <= one.top:
            raise ConfigError(
                f"{picture.where}: a box from {edges[:2]} to {edges[2:]}, expected one of some size within the "
                f"{picture.width:g} × {picture.height:g} pixels of the picture"
            )
        left, right = (min(max(x, 0), picture.width) / picture.width for x in (one.left, one.right))
        top, bottom = (min(max(y, 0), picture.height) / picture.height for y in (one.top, one.bottom))
        boxes.append(((left + right) / 2, (top + bottom) / 2, right - left, bottom - top))
        labels.append(number[one.name])
        difficult.append(one.difficult)
    return np.array(boxes, np.float32).reshape(-1, 4), np.array(labels, np.int32), np.array(difficult, bool)
