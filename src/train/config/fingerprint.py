"""What a resolved configuration decides: the part of it that a result depends on, and its hash."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import Any

from train.config.cell import (
    Dataset,
)

#: Keys that describe and do not decide: changing them must not retrain anything.
DESCRIPTIVE = {"description", "book_row", "recipe", "purpose", "title", "source", "url", "checksums", "images", "swept"}


def deciding(value: Any) -> Any:
    """A resolved cell, or part of one, without the keys that only describe: what a run depends on.

    Where raw files lie decides nothing: ``path`` is null here. What is in them is guarded by the prepared store.
    """
    if isinstance(value, dict):
        kept = {key: deciding(item) for key, item in value.items() if key not in DESCRIPTIVE}
        return {**kept, "path": None} if "path" in kept else kept
    return value


def fingerprint(value: dict[str, Any]) -> str:
    """Twelve hex digits that change when, and only when, a key that decides the result changes.

    Of a cell it covers the data set, recipe and augmentation; names and descriptions are left out.
    """

    kept = {key: item for key, item in deciding(value).items() if key != "name"}
    if isinstance(kept.get("dataset"), dict):
        kept["dataset"] = {key: item for key, item in kept["dataset"].items() if key != "name"}
    canonical = json.dumps(kept, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:12]


def data_fingerprint(dataset: Dataset) -> str:
    """Hash of what decides the prepared images; mean and std are applied later and do not.

    Where the raw files lie does not decide them either: the checksum of a download stands for what is in them.
    Records are kept as they are, whatever the sizes.
    """
    pictured = not (dataset.text or dataset.recall)
    keys = ("kind", "classes", "train_per_class", "subset_seed") if pictured else ("kind", "classes")
    kept = {"path": None, **{key: getattr(dataset, key) for key in keys}}
    for part in (dataset.text, dataset.scenes, dataset.recall):
        kept |= {} if part is None else {type(part).__name__.lower(): asdict(part)}
    if dataset.annotation != "label":
        kept["annotation"] = dataset.annotation
    if not pictured:
        pass
    elif dataset.store == "array":
        kept |= {"image_size": dataset.image_size, "stored_size": dataset.stored_size}
    else:
        kept["store"] = dataset.store
    if dataset.unreadable != "error":
        kept["unreadable"] = dataset.unreadable
    if dataset.download:
        kept["download"] = {"md5": dataset.download.md5, "sha256": dataset.download.sha256}
        if dataset.download.archives:
            kept["download"] = [{"md5": one.md5, "sha256": one.sha256} for one in dataset.download.archives]
    if dataset.only:
        kept["only"] = list(dataset.only)
    return fingerprint(kept)
