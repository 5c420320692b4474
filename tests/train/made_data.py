"""Small data sets made on the spot, and the settings of a data set that lies at a path."""

import io
import tarfile
from pathlib import Path

import numpy as np
from PIL import Image

from train.config.cell import Dataset

CLASSES = ("n01", "n02", "n10")


def folder_dataset(path, **changes) -> Dataset:
    settings = {
        "name": "made",
        "title": "Made",
        "source": "",
        "kind": "image-folder",
        "path": path and str(path),
        "classes": 3,
        "image_size": 8,
        "stored_size": 9,
        "mean": (0.5, 0.5, 0.5),
        "std": (0.25, 0.25, 0.25),
        "train_per_class": None,
        "subset_seed": 0,
    }
    return Dataset(**{**settings, **changes})


def lengths(about: dict) -> dict[str, int]:
    """Examples of each split, by what a store says of itself."""
    return {split: part["length"] for split, part in about["splits"].items()}


def make_pictures(root: Path) -> Path:
    """Three classes of flat colours in awkward formats: RGB, greyscale, palette and CMYK, of different sizes."""
    for split, count in (("train", 4), ("val", 2)):
        for label, name in enumerate(CLASSES):
            folder = root / split / name
            folder.mkdir(parents=True)
            for i in range(count):
                image = Image.new("RGB", (20 + 3 * i, 12), (80 * label, 40, 200))
                mode = ["RGB", "L", "P", "CMYK"][i % 4]
                suffix = "png" if mode == "P" else "JPEG"
                image.convert(mode).save(folder / f"{name}_{i}.{suffix}", quality=100)
            (folder / "notes.txt").write_text("not a picture")
    return root


def jpeg(seed: int, width: int = 20, height: int = 12) -> bytes:
    """A noisy photograph that no other seed gives."""
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    return encoded(Image.fromarray(pixels), "JPEG", quality=95)


def encoded(image: Image.Image, kind: str, **options) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def tar_of(members: dict[str, bytes], path: Path, mode: str = "w") -> Path:
    """A tar file of the given members, in that order."""
    with tarfile.open(path, mode) as tar:
        for name, data in members.items():
            tar.addfile(described(name, len(data)), io.BytesIO(data))
    return path


def described(name: str, size: int = 0, **fields) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size = size
    for key, value in fields.items():
        setattr(info, key, value)
    return info


def tar_bytes(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, data in members.items():
            tar.addfile(described(name, len(data)), io.BytesIO(data))
    return stream.getvalue()
