"""Prepare a data set once: decode, resize, and write the store that :mod:`train.data` reads."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from train.cell import Dataset
from train.config import data_fingerprint
from train.schema import ConfigError

SUFFIXES = {".jpeg", ".jpg", ".png", ".bmp", ".webp"}


def prepare(dataset: Dataset, folder: Path) -> dict:
    """Write the store of ``dataset`` into ``folder``, and return what ``store.json`` says.

    The store is built beside ``folder`` and moved into place when it is complete, so a killed preparation leaves
    nothing that a rerun would trust. Raises :class:`ConfigError` for data that is missing or does not match.
    """
    source = {"sklearn-digits": _digits, "image-folder": _image_folder}[dataset.kind]
    building = folder.with_name(f".{folder.name}.building")
    shutil.rmtree(building, ignore_errors=True)  # what a killed preparation left
    building.mkdir(parents=True)
    try:
        class_names, splits = source(dataset)
        if len(class_names) != dataset.classes:
            raise ConfigError(
                f"config/datasets/{dataset.name}.yaml: key 'classes' is {dataset.classes}, "
                f"expected {len(class_names)}, the number found in {dataset.path or dataset.kind}"
            )
        counts = {}
        for split, (labels, images) in splits.items():
            size = dataset.stored_size if split == "train" else dataset.image_size
            counts[split] = _write_split(building, split, size, labels, images)
        about = {
            "name": dataset.name,
            "fingerprint": data_fingerprint(dataset),
            "class_names": class_names,
            "images": counts,
            "train_size": dataset.stored_size,
            "val_size": dataset.image_size,
        }
        (building / "store.json").write_text(json.dumps(about, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        building.replace(folder)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
    return about


def _write_split(folder: Path, split: str, size: int, labels: np.ndarray, images: Iterator[Image.Image]) -> int:
    """Stream resized images into one array file, so that memory stays at one image per thread."""
    np.save(folder / f"{split}_labels.npy", labels.astype(np.int32))
    out = np.lib.format.open_memmap(
        folder / f"{split}_images.npy", mode="w+", dtype=np.uint8, shape=(len(labels), size, size, 3)
    )
    for row, image in enumerate(images(size)):
        out[row] = image
    out.flush()
    return len(labels)


def fit_square(image: Image.Image, size: int) -> np.ndarray:
    """``uint8 (size, size, 3)``: RGB, upright, bilinear, aspect ratio ignored (companion repository's preparation)."""
    upright = ImageOps.exif_transpose(image)
    return np.asarray(upright.convert("RGB").resize((size, size), Image.Resampling.BILINEAR))


def _digits(dataset: Dataset):
    """scikit-learn's digits: ``train_per_class`` of each class to train, every other picture to validate."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    pictures = np.round(bunch.images * (255 / 16)).astype(np.uint8)
    chosen = choose_per_class(bunch.target, dataset.train_per_class, dataset.subset_seed, dataset)
    rest = np.setdiff1d(np.arange(len(pictures)), chosen)
    if not len(rest):
        raise ConfigError(
            f"config/datasets/{dataset.name}.yaml: key 'train_per_class' is {dataset.train_per_class}, "
            "expected fewer, so that images remain to validate on"
        )

    def images(indices):
        return lambda size: (fit_square(Image.fromarray(pictures[i]), size) for i in indices)

    splits = {
        "train": (bunch.target[chosen], images(chosen)),
        "val": (bunch.target[rest], images(rest)),
    }
    return [str(name) for name in bunch.target_names], splits


def _image_folder(dataset: Dataset):
    """``path/{train,val}/<class>/<image>``: classes in sorted folder order, images in sorted file order."""
    key = f"config/datasets/{dataset.name}.yaml: key 'path'"
    root = Path(dataset.path)
    found = {}
    for split in ("train", "val"):
        folder = root / split
        try:
            classes = sorted(entry.name for entry in folder.iterdir() if entry.is_dir())
            found[split] = {
                name: sorted(p for p in (folder / name).iterdir() if p.suffix.lower() in SUFFIXES) for name in classes
            }
        except OSError as error:
            raise ConfigError(
                f"{key}: {folder} cannot be read ({error.strerror}), expected a folder of class folders"
            ) from None
        if not any(found[split].values()):
            raise ConfigError(f"{key}: {folder} holds no images, expected <class>/<image>.JPEG")
    class_names = list(found["train"])
    if class_names != list(found["val"]):
        odd = sorted(set(class_names) ^ set(found["val"]))
        raise ConfigError(f"{key}: train/ and val/ in {root} differ in the classes {', '.join(odd[:5])}")

    def split_of(split, keep=None):
        files = [(p, label) for label, name in enumerate(class_names) for p in found[split][name]]
        labels = np.array([label for _, label in files])
        if keep is not None:
            chosen = choose_per_class(labels, keep, dataset.subset_seed, dataset)
            files, labels = [files[i] for i in chosen], labels[chosen]
        return labels, lambda size: _decode([p for p, _ in files], size)

    return class_names, {"train": split_of("train", dataset.train_per_class), "val": split_of("val")}


def _decode(paths: list[Path], size: int) -> Iterator[np.ndarray]:
    """Decode and resize in threads, in order, a bounded number ahead; Pillow releases the interpreter lock."""

    def one(path: Path) -> np.ndarray:
        try:
            with Image.open(path) as image:
                return fit_square(image, size)
        except (OSError, UnidentifiedImageError, SyntaxError) as error:
            raise ConfigError(f"{path}: not a readable image ({error})") from None

    with ThreadPoolExecutor() as pool:
        for group in _grouped(paths, 256):
            yield from pool.map(one, group)


def _grouped(items: Iterable, size: int) -> Iterator[list]:
    iterator = iter(items)
    while group := list(islice(iterator, size)):
        yield group


def choose_per_class(labels: np.ndarray, keep: int, seed: int, dataset: Dataset) -> np.ndarray:
    """Sorted indices of ``keep`` examples of each class, chosen by ``seed`` alone."""
    generator = np.random.default_rng(seed)
    chosen = []
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        if len(members) < keep:
            raise ConfigError(
                f"config/datasets/{dataset.name}.yaml: key 'train_per_class' is {keep}, "
                f"expected at most {len(members)}, the images of class {label}"
            )
        chosen.append(generator.choice(members, keep, replace=False))
    return np.sort(np.concatenate(chosen))
