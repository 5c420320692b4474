"""``weights.npz``: the arrays of a network by their canonical names, and what its outputs are called.

Beside the arrays (:func:`netspec.canonical_state`) there are the class names, or the tokens of an alphabet, as JSON,
and of an alphabet of byte pairs its merges, each as bytes in an array of its own. Files from before have the arrays
alone.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from flax import nnx

import netspec
from train.config.printable import shown
from train.config.schema import ConfigError
from train.data.arrays import read_arrays
from train.data.tokens import TOKENIZER

#: The name under which class names are stored. No layer is called so, nor as :data:`train.data.tokens.TOKENIZER`.
NAMES = "names.json"


@dataclass(frozen=True)
class Weights:
    """What a file has; ``names`` and ``tokenizer`` are ``None`` where it has none."""

    arrays: Mapping[str, np.ndarray]
    names: tuple[str, ...] | None = None
    tokenizer: bytes | None = None


def weights_file(network: nnx.Module, names: Sequence[str] | None = None, tokenizer: bytes | None = None) -> bytes:
    """The contents of the file of a network: parameters and running statistics, and what is given besides."""
    told = {NAMES: None if names is None else json.dumps([*names]).encode(), TOKENIZER: tokenizer}
    besides = {name: np.frombuffer(content, np.uint8) for name, content in told.items() if content is not None}
    file = io.BytesIO()
    np.savez(file, **netspec.canonical_state(network), **besides)
    return file.getvalue()


def read_weights(path: Path, advice: str) -> Weights:
    """A file of weights. Raises :class:`ConfigError`, which ends with ``advice``, for one that is damaged."""
    arrays = read_arrays(path, advice)
    names, tokenizer = arrays.pop(NAMES, None), arrays.pop(TOKENIZER, None)
    return Weights(
        arrays,
        None if names is None else _names(names, path, advice),
        None if tokenizer is None else tokenizer.tobytes(),
    )


def _names(stored: np.ndarray, path: Path, advice: str) -> tuple[str, ...]:
    try:
        found = json.loads(stored.tobytes())
    except ValueError:
        found = None
    if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
        raise ConfigError(f"{shown(path, 300)}: {NAMES} in it is no list of names; {advice}")
    return tuple(found)
