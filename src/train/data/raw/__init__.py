"""Data sets as they are published: folders, archives, ImageNet's tar files, downloads."""

from __future__ import annotations

from pathlib import Path

from train.config.cell import Dataset
from train.config.schema import ConfigError
from train.data.raw import archive, coco, embedded, folder, idx, imagenet, pets, voc
from train.data.raw.download import fetch, verify
from train.data.raw.recall import RawSequences, made
from train.data.raw.source import RawData
from train.data.raw.text import RawText, open_text
from train.data.raw.unpacked import folder_of

#: Kinds that are published as several archives of one folder.
ANNOTATED = ("oxford-pets", "voc", "coco")
#: Where archives are downloaded to.
DOWNLOADS = Path("data/downloads")


def open_raw(dataset: Dataset, downloads: Path = DOWNLOADS) -> RawData | RawText | RawSequences:
    """The images, the text or the sequences of ``dataset``, fetched into ``downloads`` where they are not on disk.

    Raises :class:`ConfigError` for anything missing, damaged or of another layout.
    """
    key = f"config/datasets/{dataset.name}.yaml: key 'path'"
    if dataset.kind == "sklearn-digits":
        return embedded.digits(dataset)
    if dataset.kind == "digit-scenes":
        return embedded.digit_scenes(dataset)
    if dataset.recall:
        return made(dataset.recall)
    if dataset.text:
        return open_text(dataset, downloads)
    if dataset.kind in ANNOTATED:
        return _annotated(dataset, folder_of(dataset, downloads))
    if dataset.kind == "idx":
        return idx.open_idx(dataset, downloads, f"config/datasets/{dataset.name}.yaml: key")
    if dataset.path is None:
        if dataset.download is None or dataset.download.url is None:
            raise ConfigError(f"{key} is null, expected a folder or an archive, or a key 'download'")
        where = f"config/datasets/{dataset.name}.yaml: key 'download'"
        return archive.open_archive(fetch(dataset.download, downloads, where), where)
    path = Path(dataset.path)
    if not path.exists():
        raise ConfigError(f"{key} is {path}, expected a readable folder or archive that holds train/ and val/")
    if dataset.kind == "imagenet":
        return imagenet.open_imagenet(path, key, dataset.checksums or {})
    if not path.is_file():
        return folder.open_folder(path, key)
    if dataset.download:
        verify(path, dataset.download, key)
    return archive.open_archive(path, key)


def _annotated(dataset: Dataset, root: Path) -> RawData:
    if dataset.kind == "oxford-pets":
        return pets.open_pets(root, dataset.annotation)
    only = tuple(dataset.only) if dataset.only else None
    return (voc.open_voc if dataset.kind == "voc" else coco.open_coco)(root, only)
