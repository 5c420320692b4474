"""A picture as a network wants it: size, crop, interpolation, mean and deviation, each with its source."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from netspec.weights.plan import WeightsError

#: How many classes ILSVRC 2012 has (Russakovsky et al. 2015, arXiv:1409.0575), which go by the order of their synsets.
IMAGENET = 1000
_METHODS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}


@dataclass(frozen=True)
class Preprocessing:
    """The shorter side becomes ``resize`` pixels, the middle ``crop`` of them square is kept, then ``(x − mean) /
    std``.
    """

    resize: int
    crop: int
    interpolation: str
    mean: tuple[float, ...]
    std: tuple[float, ...]
    source: str

    def __call__(self, image: Image.Image, side: int | None = None) -> np.ndarray:
        """``float32 (H, W, 3)``; another ``side`` than ``crop`` scales both sizes alike."""
        image = ImageOps.exif_transpose(image).convert("RGB")
        side = side or self.crop
        shorter = round(self.resize * side / self.crop)
        scale = shorter / min(image.size)
        size = (max(side, int(image.width * scale)), max(side, int(image.height * scale)))
        resized = image.resize(size, _METHODS[self.interpolation])
        left, top = (round((length - side) / 2) for length in resized.size)
        cropped = np.asarray(resized.crop((left, top, left + side, top + side)), np.float32) / 255
        return ((cropped - np.asarray(self.mean)) / np.asarray(self.std)).astype(np.float32)


@cache
def _rows(name: str) -> tuple[dict[str, str], ...]:
    text = resources.files("netspec.reference").joinpath(name).read_text(encoding="utf-8")
    return tuple(csv.DictReader(io.StringIO(text)))


def preprocessing_of(name: str, tag: str | None = None) -> Preprocessing:
    """That of the network called ``name`` with the weights that its library calls ``tag``.

    Without a tag, that of the library's default; for a network that no row is about, what ImageNet classifiers share.
    Raises :class:`WeightsError` for a tag that the network does not have.
    """
    rows = _rows("preprocessing.csv")
    own = {row["weights"]: row for row in rows if row["network"] == name}
    if tag is not None and tag not in own:
        known = f"one of {', '.join(own)}" if own else "none: no weights of it are known"
        raise WeightsError(f"{name}: no preprocessing is known for weights {tag!r}, expected {known}")
    row = own[tag] if tag else next(iter(own.values()), rows[-1])
    numbers = {key: tuple(map(float, row[key].split())) for key in ("mean", "std")}
    return Preprocessing(int(row["resize"]), int(row["crop"]), row["interpolation"], **numbers, source=row["source"])


def opened(path: Path) -> Image.Image:
    """A picture from a file; raises :class:`WeightsError` for one that is none."""
    try:
        image = Image.open(path)
        image.load()
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise WeightsError(f"{path}: no picture that can be read ({error}), expected a JPEG or PNG") from None
    return image


def labels_of(path: Path | None, classes: int) -> tuple[str, ...]:
    """Names of the classes, a line each in a file.

    Without one, those of a thousand classes are what WordNet 3.0 calls the synsets of ImageNet, others have numbers.
    Raises :class:`WeightsError` for a file of other than as many lines.
    """
    if path is None and classes == IMAGENET:
        return tuple(row["name"] for row in _rows("imagenet_classes.csv"))
    if path is None:
        return tuple(f"class {index}" for index in range(classes))
    try:
        lines = tuple(path.read_text(encoding="utf-8").splitlines())
    except (OSError, UnicodeDecodeError) as error:
        raise WeightsError(f"{path}: no text of labels ({error}), expected a name a line") from None
    if len(lines) != classes:
        raise WeightsError(f"{path}: has {len(lines)} labels, expected {classes}, one a line")
    return lines
