"""Data that comes with a dependency."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image

from train.config.cell import Dataset
from train.config.schema import ConfigError
from train.data.raw.source import Picture, RawData
from train.data.raw.subset import choose_per_class


def digits(dataset: Dataset) -> RawData:
    """scikit-learn's digits: ``train_per_class`` of each class to train, every other picture to validate."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    levels = np.round(bunch.images * (255 / 16)).astype(np.uint8)
    chosen = choose_per_class(bunch.target, dataset)
    rest = np.setdiff1d(np.arange(len(levels)), chosen)
    if not len(rest):
        raise ConfigError(
            f"config/datasets/{dataset.name}.yaml: key 'train_per_class' is {dataset.train_per_class}, "
            "expected fewer, so that images remain to validate on"
        )

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
