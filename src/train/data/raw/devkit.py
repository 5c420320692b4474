"""ImageNet's development kit: names of classes, and the classes of the validation images."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

from train.config.schema import ConfigError
from train.data.raw.tar import damage_named, opener, stored, walk_tar

NAME = "ILSVRC2012_devkit_t12"
META, TRUTH = f"{NAME}/data/meta.mat", f"{NAME}/data/ILSVRC2012_validation_ground_truth.txt"
#: Bytes of either file, far more than the published ones have.
LARGEST = 2**24


@dataclass(frozen=True)
class Devkit:
    """Words by wnid, such as "tench, Tinca tinca", and the wnids of validation images 1, 2, 3 …"""

    words: dict[str, str]
    truth: list[str]


def read_devkit(root: Path) -> Devkit | None:
    """The kit in ``root``, packed or not; ``None`` without one. Raises :class:`ConfigError` when it is damaged."""
    packed = root / f"{NAME}.tar.gz"
    if packed.exists():
        with damage_named(packed), opener(packed)(packed, "rb") as stream:
            places = {m.name: stored(m, packed) for m in walk_tar(stream, packed) if m.isreg()}
            for name in (META, TRUTH):
                if name not in places:
                    raise ConfigError(f"{packed}: {name} not found, expected the official development kit")
                if places[name].size > LARGEST:
                    raise ConfigError(f"{packed}: {name} has {places[name].size:,} bytes, expected at most {LARGEST:,}")
            meta, truth = (places[name].read(stream) for name in (META, TRUTH))
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
