"""Archives of a folder ``{train,val}/<class>/<image>``, read without unpacking them.

Members go straight from the archive into the store: thousands of small files are neither written nor left behind, and
no member can land outside a folder. An archive is passed over twice, for its table of contents, which decides the rows,
and for its images. Links are followed as in a folder, as long as they stay in the archive; those that leave it are
refused.
"""

from __future__ import annotations

import zipfile
from functools import partial
from pathlib import Path

from train.config.printable import escaped
from train.config.schema import ConfigError
from train.data.raw.packed import File, Packed
from train.data.raw.source import SPLITS, Found, RawData, by_class
from train.data.raw.tar import damage_named, list_tar, opener, read_compressed, read_stored
from train.data.raw.tree import LeftOut, classes, hidden
from train.data.raw.zip import list_zip, read_zip


def open_archive(path: Path, key: str) -> RawData:
    """The pictures in a tar file, compressed or not, or a zip file.

    ``train/`` and ``val/`` may lie in a folder of the archive. Raises :class:`ConfigError` naming ``key`` or the file
    when the archive is damaged, refused or of another layout.
    """
    with damage_named(path):
        zipped = _is_zip(path)
        packed = list_zip(path) if zipped else list_tar(path)
        compressed = not zipped and opener(path) is not open
    found, left_out = _found(packed, key, path)
    names, splits = by_class(found, key, str(path), left_out)
    read = partial(read_zip if zipped else read_compressed, path) if zipped or compressed else read_stored
    return RawData(str(path), names, splits, read, left_out)


def _is_zip(path: Path) -> bool:
    """A tar file may end with a zip file."""
    with path.open("rb") as stream:
        head = stream.read(512)
    return zipfile.is_zipfile(path) and head[257:262] != b"ustar"


def _found(packed: Packed, key: str, path: Path) -> tuple[Found, LeftOut]:
    """The pictures in the one folder that has them in splits, and what is left out there.

    A hidden one counts only if there is no other, and one that has but one split does not count if the others lie in
    it, as in an archive whose top folder is called ``train``.
    """
    candidates, nothing = [], ((), {split: {} for split in SPLITS}, LeftOut())
    for place, folder in packed.roots(SPLITS):
        left_out, found = LeftOut(), {}
        for split in SPLITS:
            within = packed.split(folder, split)
            found[split] = classes(packed, within, split, left_out, packed.above(place) | {id(within)})
        if any(listed for split in found.values() for listed in split.values()):
            candidates.append((place, found, left_out))
        elif left_out.counts:
            nothing = place, found, left_out
    candidates = [each for each in candidates if not any(map(hidden, each[0]))] or candidates
    whole = [place for place, found, _ in candidates if all(any(found[split].values()) for split in SPLITS)]
    candidates = [
        each for each in candidates if each[0] in whole or not any(place[: len(each[0])] == each[0] for place in whole)
    ]
    if len(candidates) > 1:
        first, second = [escaped("/".join(place)) or "." for place, _, _ in candidates[:2]]
        raise ConfigError(f"{key}: {path} holds train/ and val/ in several folders, {first} and {second}, expected one")
    place, found, left_out = candidates[0] if candidates else nothing
    for split in SPLITS:
        if not any(found[split].values()):
            but = f"; left out: {left_out}" if left_out.counts else ""
            raise ConfigError(
                f"{key}: {path} holds no {split}/<class>/<image>.JPEG, expected an archive of train/, val/{but}"
            )
    prefix = f"{path}:" + "".join(f"{part}/" for part in place)
    named = {
        split: {
            name: [(f"{prefix}{split}/{name}/{rest}", at.at if isinstance(at, File) else None) for rest, at in listed]
            for name, listed in found[split].items()
        }
        for split in SPLITS
    }
    return named, left_out
