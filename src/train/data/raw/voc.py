"""Pascal VOC: ``VOCdevkit/VOC2007`` with its official splits, and the pictures of 2012 for training if they are there.

Source: Everingham et al. 2010, The Pascal Visual Object Classes Challenge; http://host.robots.ox.ac.uk/pascal/VOC/.
"""

from __future__ import annotations

from pathlib import Path

from train.config.schema import ConfigError
from train.data.raw.boxes import Annotated, of_xml, raw_boxes
from train.data.raw.source import RawData
from train.data.raw.unpacked import listed

CLASSES = (
    "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable", "dog",
    "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
)  # fmt: skip
#: Where the lists of each split are: year and name. The test part of 2007 judges; that of 2012 is not public.
LISTS = {"train": (("2007", "trainval"), ("2012", "trainval")), "val": (("2007", "test"),)}
#: Where there is no 2007.
LISTS_2012 = {"train": (("2012", "train"),), "val": (("2012", "val"),)}


def open_voc(root: Path, only: tuple[str, ...] | None) -> RawData:
    """The pictures with boxes of all twenty classes, or of ``only`` some.

    Raises :class:`ConfigError` naming the file that is missing or of another form.
    """
    folder = root / "VOCdevkit" if (root / "VOCdevkit").is_dir() else root
    years = {year for year in ("2007", "2012") if (folder / f"VOC{year}").is_dir()}
    if not years:
        raise ConfigError(f"{root}: has neither VOC2007 nor VOC2012, expected VOCdevkit as published")
    lists = LISTS if "2007" in years else LISTS_2012
    if strange := sorted(set(only or ()) - set(CLASSES)):
        raise ConfigError(f"key 'only' has {strange[0]!r}, expected some of {', '.join(CLASSES)}")
    splits = {
        split: [one for year, name in parts if year in years for one in _pictures(folder / f"VOC{year}", name)]
        for split, parts in lists.items()
    }
    return raw_boxes(str(root), only or CLASSES, splits, only is not None)


def _pictures(folder: Path, name: str) -> list[Annotated]:
    return [
        of_xml(folder / "Annotations" / f"{stem}.xml", folder / "JPEGImages" / f"{stem}.jpg")
        for stem, *_ in listed(folder / "ImageSets" / "Main" / f"{name}.txt")
    ]
