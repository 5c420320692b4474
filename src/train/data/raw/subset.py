"""The few images per class that a study of scarce data keeps."""

from __future__ import annotations

import numpy as np

from train.config.cell import Dataset
from train.config.schema import ConfigError


def choose_per_class(labels: np.ndarray, dataset: Dataset) -> np.ndarray:
    """Sorted indices of ``train_per_class`` examples of each class, chosen by ``subset_seed`` alone; all if null."""
    keep = dataset.train_per_class
    if keep is None:
        return np.arange(len(labels))
    generator = np.random.default_rng(dataset.subset_seed)
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
