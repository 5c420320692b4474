"""One file of ``config/datasets``: checked against its schema and against itself, and its download chosen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from train.config import schema
from train.config.cell import Recall, sides
from train.config.schema import ConfigError

#: Optional keys and what holds without them. A key that says no more is dropped, so that it changes no fingerprint.
DEFAULTS = {
    "download": None,
    "store": "array",
    "unreadable": "error",
    "checksums": None,
    "images": None,
    "annotation": "label",
    "scenes": None,
    "text": None,
    "recall": None,
    "only": None,
}
#: Kinds that come with a dependency.
EMBEDDED = ("sklearn-digits", "digit-scenes", "python-topics", "associative-recall")
#: The base augmentation of what has none.
NO_AUGMENTATION = {"random_crop": False, "horizontal_flip": False}


def names(folder: Path = Path("config")) -> list[str]:
    """The data sets of a configuration folder. Other files may lie there: an editor's copies, one with a blank."""
    files = (folder / "datasets").glob("*.yaml")
    return sorted(path.stem for path in files if schema.is_name(path.stem) and path.is_file())


def load(path: Path) -> dict[str, Any]:
    """The data set in ``path``, with ``download`` reduced to the archive that is meant.

    Raises :class:`ConfigError` naming the file and key of the first mistake.
    """
    value = schema.load(path)
    schema.validate(value, "dataset", str(path))
    if value.get("download"):
        value["download"] = _chosen(value["download"], path)
    value = schema.completed(value, "dataset")
    value.setdefault("augmentation", dict(NO_AUGMENTATION))
    if value["kind"] not in EMBEDDED and value["path"] is None and not value.get("download"):
        raise ConfigError(f"{path}: key 'path' is null, expected a folder or an archive, or a key 'download'")
    if value.get("checksums") and value["kind"] != "imagenet":
        raise ConfigError(f"{path}: key 'checksums' is for kind imagenet, expected one in 'download' instead")
    check_crop(value, value["augmentation"], str(path), str(path))
    if (scenes := value.get("scenes")) and value["image_size"] != value["stored_size"]:
        raise ConfigError(
            f"{path}: key 'stored_size' is {value['stored_size']}, expected image_size ({value['image_size']})"
        )
    for key in ("objects", "sizes"):
        low, high = scenes[key] if scenes else (0, 1)
        if low > high:
            raise ConfigError(f"{path}: key 'scenes.{key}' is [{low}, {high}], expected smallest first")
    if scenes and scenes["sizes"][1] > (side := min(sides(value["image_size"]))):
        raise ConfigError(
            f"{path}: key 'scenes.sizes' ends at {scenes['sizes'][1]}, expected at most image_size ({side})"
        )
    if recall := value.get("recall"):
        _check_recall(recall, value["classes"], path)
    return {key: item for key, item in value.items() if key not in DEFAULTS or item != DEFAULTS[key]}


def _check_recall(recall: dict[str, Any], classes: int, path: Path) -> None:
    """Raise :class:`ConfigError` for more pairs than keys, or another number of classes than of tokens."""
    made = Recall(**recall)
    if made.pairs > made.keys:
        raise ConfigError(
            f"{path}: key 'recall.pairs' is {made.pairs}, expected at most as many as keys ({made.keys}): "
            "each pair of a sequence has another one"
        )
    if classes != made.tokens:
        raise ConfigError(
            f"{path}: key 'classes' is {classes}, expected {made.tokens}: keys × values pairs, and a query for each key"
        )


def check_crop(dataset: dict[str, Any], augmentation: dict[str, Any], dataset_file: str, where: str) -> None:
    """Raise :class:`ConfigError` where the way images are stored and the way they are cropped contradict each other.

    A random-resized crop is taken out of whole photographs, which only records keep; it replaces the random crop.
    """
    records = dataset.get("store", DEFAULTS["store"]) == "records"
    crop = augmentation.get("random_resized_crop")
    if records and augmentation["random_crop"]:
        raise ConfigError(
            f"{where}: key 'augmentation.random_crop' is true, expected false: images of store: records arrive at "
            "image_size; set augmentation.random_resized_crop instead"
        )
    if crop and not records:
        raise ConfigError(
            f"{where}: key 'augmentation.random_resized_crop' needs whole photographs, expected store: records "
            f"in {dataset_file}"
        )
    for key in ("area", "aspect"):
        low, high = crop[key] if crop else (0, 1)
        if low > high:
            raise ConfigError(
                f"{where}: key 'augmentation.random_resized_crop.{key}' is [{low}, {high}], expected smallest first"
            )


def _chosen(download: dict[str, Any], path: Path) -> dict[str, Any]:
    """The archive to download: the block itself, or the one of ``sizes`` that ``size`` names."""
    where = f"{path}: key 'download"
    if "archives" in download:
        for index, archive in enumerate(download["archives"]):
            if "url" not in archive or ("md5" not in archive and "sha256" not in archive):
                raise ConfigError(f"{where}.archives.{index}': expected 'url' and 'md5' or 'sha256'")
        return {"archives": download["archives"]}
    sizes = {str(name): archive for name, archive in download.get("sizes", {}).items()}
    if sizes:
        size = str(download.get("size"))
        if size not in sizes:
            raise ConfigError(f"{where}.size' is {download.get('size')!r}, expected one of {', '.join(sizes)}")
        where, download = f"{where}.sizes.{size}", sizes[size]
    if "url" not in download:
        raise ConfigError(f"{where}': 'url' is missing, expected the address of an archive")
    if "md5" not in download and "sha256" not in download:
        raise ConfigError(f"{where}': neither 'md5' nor 'sha256', expected the checksum of the archive")
    return {key: item for key, item in download.items() if key in ("url", "md5", "sha256")}
