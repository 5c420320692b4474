"""Oxford-IIIT Pets: ``images/``, ``annotations/trimaps/``, ``annotations/xmls/`` and the lists of both splits.

Source: Parkhi et al. 2012, Cats and Dogs; https://www.robots.ox.ac.uk/~vgg/data/pets/.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from train.config.schema import ConfigError
from train.data.example import VOID, Example
from train.data.raw.boxes import of_xml, raw_boxes
from train.data.raw.source import SPLITS, Picture, RawData
from train.data.raw.unpacked import contents, listed

#: The official lists by split.
LISTS = {"train": "trainval.txt", "val": "test.txt"}
#: Classes of pixels, and which values of a trimap they are.
TRIMAP = ("pet", "ground", "boundary")
VALUES = {1: 0, 2: 1, 3: 2, VOID: VOID}
#: Classes of heads, by the number of the species in the lists.
SPECIES = {"1": "cat", "2": "dog"}
#: Only pictures for training have boxes of heads; one of so many is held out of them.
HELD_OUT = 5


def open_pets(root: Path, annotation: str) -> RawData:
    """The pictures with masks in their official splits, or those with the box of a head.

    Raises :class:`ConfigError` naming the file that is missing or of another form.
    """
    annotations = root / "annotations"
    return (_masks if annotation == "mask" else _heads)(root, annotations)


def _masks(root: Path, annotations: Path) -> RawData:
    tables = {
        split: [Picture(f"{root}/images/{name}.jpg", 0, name) for name, *_ in listed(annotations / LISTS[split])]
        for split in SPLITS
    }

    def load(name: str) -> Callable[[], Any]:
        image, mask = root / "images" / f"{name}.jpg", annotations / "trimaps" / f"{name}.png"
        return lambda: Example(contents(image), contents(mask), VALUES)

    def read(wanted: Any) -> Iterator[Any]:
        for split, table in wanted.items():
            for row, picture in enumerate(table):
                yield split, row, load(picture.at)

    return RawData(str(root), list(TRIMAP), tables, read)


def _heads(root: Path, annotations: Path) -> RawData:
    species = {line[0]: SPECIES.get(line[2]) for line in listed(annotations / LISTS["train"]) if len(line) > 2}
    found = sorted(path.stem for path in (annotations / "xmls").glob("*.xml"))
    if not found:
        raise ConfigError(f"{annotations / 'xmls'}: holds no annotation of a head, expected those that are published")
    if strange := [name for name in found if not species.get(name)]:
        raise ConfigError(f"{annotations / LISTS['train']}: has no species of {strange[0]}, expected one of each box")
    pictures = [of_xml(annotations / "xmls" / f"{name}.xml", root / "images" / f"{name}.jpg") for name in found]
    held = {split: [at for at in range(len(found)) if (at % HELD_OUT == 0) == (split == "val")] for split in SPLITS}
    return raw_boxes(str(root), tuple(SPECIES.values()), {s: [pictures[at] for at in some] for s, some in held.items()})
