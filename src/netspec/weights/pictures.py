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

#: The row for networks that have none.
ANY = "*"
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
        left, top = ((length - side) // 2 for length in resized.size)
        cropped = np.asarray(resized.crop((left, top, left + side, top + side)), np.float32) / 255
        return ((cropped - np.asarray(self.mean)) / np.asarray(self.std)).astype(np.float32)


@cache
def preprocessing_of(name: str) -> Preprocessing:
    """That of the network called ``name``, or what ImageNet classifiers share."""
    text = resources.files("netspec.reference").joinpath("preprocessing.csv").read_text(encoding="utf-8")
    rows = {row["network"]: row for row in csv.DictReader(io.StringIO(text))}
    row = rows.get(name, rows[ANY])
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
    """Names of the classes, a line each; numbers where no file is given."""
    if path is None:
        return tuple(f"class {index}" for index in range(classes))
    try:
        lines = tuple(path.read_text(encoding="utf-8").splitlines())
    except (OSError, UnicodeDecodeError) as error:
        raise WeightsError(f"{path}: no text of labels ({error}), expected a name a line") from None
    if len(lines) != classes:
        raise WeightsError(f"{path}: has {len(lines)} labels, expected {classes}, one a line")
    return lines
