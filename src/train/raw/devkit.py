"""ImageNet's development kit: names of classes, and the classes of the validation images."""

from __future__ import annotations

import io
import tarfile
from dataclasses import dataclass
from pathlib import Path

from train.raw.archive import damage_named
from train.schema import ConfigError

NAME = "ILSVRC2012_devkit_t12"
META, TRUTH = f"{NAME}/data/meta.mat", f"{NAME}/data/ILSVRC2012_validation_ground_truth.txt"


@dataclass(frozen=True)
class Devkit:
    """Words by wnid, such as "tench, Tinca tinca", and the wnids of validation images 1, 2, 3 …"""

    words: dict[str, str]
    truth: list[str]


def read_devkit(root: Path) -> Devkit | None:
    """The kit in ``root``, packed or not; ``None`` without one. Raises :class:`ConfigError` when it is damaged."""
    packed = root / f"{NAME}.tar.gz"
    if packed.exists():
        with damage_named(packed), tarfile.open(packed) as tar:
            try:
                meta, truth = (tar.extractfile(name).read() for name in (META, TRUTH))
            except KeyError as error:
                raise ConfigError(f"{packed}: {error.args[0]}, expected the official development kit") from None
        return _parse(meta, truth, packed)
    if (root / TRUTH).exists() and (root / META).exists():
        return _parse((root / META).read_bytes(), (root / TRUTH).read_bytes(), root / NAME)
    return None


def _parse(meta: bytes, truth: bytes, where: Path) -> Devkit:
    """Synsets without children are the classes; those above them in WordNet follow, from ILSVRC2012_ID 1001 on."""
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    try:
        synsets = loadmat(io.BytesIO(meta), squeeze_me=True)["synsets"]
        leaves = synsets[synsets["num_children"] == 0]
        wnids = {int(s["ILSVRC2012_ID"]): str(s["WNID"]) for s in leaves}
        words = {str(s["WNID"]): str(s["words"]) for s in leaves}
        labels = [wnids[int(line)] for line in truth.split()]
    except (MatReadError, ValueError, TypeError, KeyError, IndexError, NotImplementedError, OSError) as error:
        raise ConfigError(f"{where}: not readable as the development kit ({error})") from None
    return Devkit(words, labels)
