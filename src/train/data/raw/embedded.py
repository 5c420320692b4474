"""Data that comes with a dependency."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image

from train.config.cell import Dataset, sides
from train.config.schema import ConfigError
from train.data.example import Example, padded
from train.data.raw.source import SPLITS, Picture, RawData
from train.data.raw.subset import choose_per_class
from train.data.scenes import TRIMAP, compose


def _split(dataset: Dataset) -> tuple[Any, np.ndarray, np.ndarray]:
    """scikit-learn's digits, or the classes ``only`` of them, which are for training, and which for validation."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    if dataset.only is not None:
        _restrict(bunch, dataset)
    chosen = choose_per_class(bunch.target, dataset)
    rest = np.setdiff1d(np.arange(len(bunch.images)), chosen)
    if not len(rest):
        raise ConfigError(
            f"config/datasets/{dataset.name}.yaml: key 'train_per_class' is {dataset.train_per_class}, "
            "expected fewer, so that images remain to validate on"
        )
    return bunch, chosen, rest


def _restrict(bunch: Any, dataset: Dataset) -> None:
    """Leave the classes that count, in the order that they are named in."""
    known = [str(name) for name in bunch.target_names]
    if unknown := [name for name in dataset.only if name not in known]:
        raise ConfigError(
            f"config/datasets/{dataset.name}.yaml: key 'only' has {unknown[0]!r}, expected some of {', '.join(known)}"
        )
    new = {known.index(name): label for label, name in enumerate(dataset.only)}
    kept = np.isin(bunch.target, list(new))
    bunch.images, bunch.target = bunch.images[kept], np.array([new[label] for label in bunch.target[kept]])
    bunch.target_names = list(dataset.only)


def digit_scenes(dataset: Dataset) -> RawData:
    """Scenes of training digits to train, and of all other digits to validate; see :mod:`train.data.scenes`."""
    bunch, *digits_of = _split(dataset)
    scenes, (height, width) = dataset.scenes, sides(dataset.image_size)
    if height != width:
        raise ConfigError(
            f"config/datasets/{dataset.name}.yaml: key 'image_size' is {[height, width]}, expected square scenes"
        )
    counts = dict(zip(SPLITS, (scenes.train, scenes.val), strict=True))
    of_split = dict(zip(SPLITS, digits_of, strict=True))

    def scene(split: str, row: int) -> Example:
        chosen = of_split[split]
        seed = dataset.subset_seed, SPLITS.index(split), row
        made = compose(seed, bunch.images[chosen] / 16, bunch.target[chosen], height, scenes)
        easy = np.zeros(len(made.labels), bool)
        return Example(made.image, made.mask, arrays=padded(made.boxes, made.labels, easy, scenes.objects[1]))

    def read(wanted: Any) -> Any:
        for split, listed in wanted.items():
            for row, picture in enumerate(listed):
                yield split, row, lambda split=split, row=picture.at: scene(split, row)

    names = list(TRIMAP) if dataset.annotation == "mask" else [str(name) for name in bunch.target_names]
    tables = {s: [Picture(f"{s} scene {row}", 0, row) for row in range(count)] for s, count in counts.items()}
    return RawData("scenes of scikit-learn's digits", names, tables, read, most_objects=scenes.objects[1])


def digits(dataset: Dataset) -> RawData:
    """scikit-learn's digits: ``train_per_class`` of each class to train, every other picture to validate."""
    bunch, chosen, rest = _split(dataset)
    levels = np.round(bunch.images * (255 / 16)).astype(np.uint8)

    def pictures(indices: Any) -> Any:
        return [Picture(f"digit {index}", int(bunch.target[index]), index) for index in indices]

    def png(index: Any) -> Any:
        stream = io.BytesIO()
        Image.fromarray(levels[index]).save(stream, "PNG")
        return stream.getvalue()

    def read(wanted: Any) -> Any:
        for split, listed in wanted.items():
            for row, picture in enumerate(listed):
                yield split, row, lambda index=picture.at: png(index)

    names = [str(name) for name in bunch.target_names]
    return RawData("scikit-learn's digits", names, {"train": pictures(chosen), "val": pictures(rest)}, read)
