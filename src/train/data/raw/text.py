"""Texts as they are published: a file, a folder with both splits, or the help that ships with Python."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from train.config.cell import Dataset
from train.config.printable import shown
from train.config.schema import ConfigError
from train.data.raw.download import fetch, verify
from train.data.raw.source import SPLITS

#: Characters in a row by which two topics are compared, and the share of them that makes one a repetition.
SHINGLE, REPEATED = 40, 0.3
#: Of the topics that are held out.
SPLIT_SEED = 0
#: What stands between two topics.
BETWEEN = "\n\n"


@dataclass(frozen=True)
class RawText:
    """The text of both splits. ``where`` names its source in messages, ``digest`` is the SHA-256 of all of it."""

    where: str
    splits: Mapping[str, str]

    @property
    def digest(self) -> str:
        """Says which edition it is: the embedded text differs between versions of Python."""
        return hashlib.sha256("\0".join(self.splits[split] for split in SPLITS).encode()).hexdigest()


def open_text(dataset: Dataset, downloads: Path) -> RawText:
    """The text of a data set.

    A single file is split in two at its end (companion repository, TinyGPT: 90 to 10). Raises :class:`ConfigError` for
    a file that is missing, empty, too short to be split, not UTF-8, or not what its checksum says.
    """
    if dataset.kind == "python-topics":
        return python_topics(dataset.text.held_out)
    key = f"config/datasets/{dataset.name}.yaml: key"
    if dataset.path is None:
        path = fetch(dataset.download, downloads, f"{key} 'download'")
    else:
        path = Path(dataset.path)
        if not path.exists():
            raise ConfigError(
                f"{key} 'path' is {path}, expected a file of text, or a folder with train.txt and val.txt"
            )
        if path.is_file() and dataset.download:
            verify(path, dataset.download, f"{key} 'path'")
    if path.is_dir():
        return RawText(str(path), {split: _read(path / f"{split}.txt") for split in SPLITS})
    whole = _read(path)
    train = len(whole) - round(dataset.text.held_out * len(whole))
    if not 0 < train < len(whole):
        raise ConfigError(
            f"{path}: {len(whole)} characters, expected enough of them to hold out {dataset.text.held_out:g}"
        )
    return RawText(str(path), {"train": whole[:train], "val": whole[train:]})


def _read(path: Path) -> str:
    """A file of text as it is: line ends, too, are characters."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{shown(path, 300)}: cannot be read ({error.strerror}), expected a file of text") from None
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{shown(path, 300)}: byte {error.start:,} is not UTF-8 ({error.reason}), expected text in UTF-8; "
            "`iconv -t UTF-8` converts it"
        ) from None
    if not text.strip():
        raise ConfigError(f"{shown(path, 300)}: holds no text, expected some")
    return text


def python_topics(held_out: float) -> RawText:
    """The help topics of this Python, of which whole ones are held out, drawn with a fixed seed.

    Many repeat each other: one that shares three tenths of its runs of forty characters with a longer one is dropped.
    How well the rest is predicted depends on which topics are held out: n-gram models differ by 0.4 nats a character
    between draws, so that figures of two of them cannot be compared.
    """
    from pydoc_data.topics import topics

    kept: dict[str, str] = {}
    seen: dict[str, set[int]] = {}
    for name, text in sorted(topics.items(), key=lambda item: (-len(item[1]), item[0])):
        runs = {hash(text[at : at + SHINGLE]) for at in range(max(1, len(text) - SHINGLE + 1))}
        if all(len(runs & other) < REPEATED * len(runs) for other in seen.values()):
            kept[name], seen[name] = text.strip(), runs
    names, parts = sorted(kept), {split: set[str]() for split in SPLITS}
    wanted, taken = held_out * sum(map(len, kept.values())), 0
    for name in (names[index] for index in np.random.default_rng(SPLIT_SEED).permutation(len(names))):
        split = "val" if taken < wanted else "train"
        taken += len(kept[name]) if split == "val" else 0
        parts[split].add(name)
    joined = {split: BETWEEN.join(kept[name] for name in names if name in parts[split]) for split in SPLITS}
    return RawText("the help topics of Python", joined)
