"""The weights that a run starts from, by the names of this project, whoever wrote the file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from netspec import NetSpec, SpecError
from netspec.exact import known
from netspec.weights import naming, positions
from train.config.cell import Cell, Start
from train.config.models import model_of
from train.config.printable import escaped, shown
from train.config.schema import ConfigError
from train.destination import digest_of
from train.step import Programs, TrainState
from train.weights import Weights, read_weights


def begun(
    programs: Programs, state: TrainState, cell: Cell, seed: int, names: Sequence[str] | None = None
) -> tuple[TrainState, dict[str, Any]]:
    """The initial ``state`` of a run with the weights that its cell names, and what was taken, for its summary.

    ``names`` are those of the classes that are learned: the head of others is not taken. Raises :class:`ConfigError`
    naming the file, and the array or key.
    """
    start, path = cell.start, cell.start.path(seed)
    advice = f"expected weights of {start.network or cell.model}, as key 'start' says"
    try:
        found = read(path, cell, advice)
        others = None not in (found.names, names) and tuple(found.names) != tuple(names)
        if others and cell.dataset.text is not None:
            raise ConfigError(f"{shown(path, 300)}: its tokens are others than those of {cell.dataset.name}; {advice}")
        head = "new" if others and start.head == "auto" else start.head
        begun, replaced = programs.started(state, found.arrays, head)
    except (ValueError, SpecError) as error:
        if isinstance(error, ConfigError):
            raise
        raise ConfigError(
            f"{shown(path, 300)}: not weights of {cell.model} ({escaped(str(error))}); {advice}"
        ) from None
    if frozen := programs.groups.names.intersection(replaced):
        raise ConfigError(f"key 'start.freeze' names {min(frozen)}, which is new, expected weights of the same classes")
    about = {
        "file": str(path),
        "digest": digest_of(path),
        "new": sorted(replaced),
        "frozen": len(programs.groups.names),
    }
    return begun, about


def read(path: Path, cell: Cell, advice: str) -> Weights:
    """The arrays of a file as the cell's network calls them, and names of classes where the file has them.

    Raises :class:`ConfigError`, :class:`netspec.SpecError` and ``ValueError``.
    """
    start = cell.start
    source = model_of(start.network or cell.model)
    if path.suffix == ".npz" and start.rules is None:
        found = read_weights(path, advice)
        if naming.is_ours(found.arrays):
            return Weights(_fitted(found.arrays, source, cell, start), found.names)
        tensors: Any = found.arrays
    else:
        tensors = naming.read(path)
    source = naming.of_as_many_classes(source, tensors, start.rules)
    return Weights(_fitted(naming.ours(source, tensors, start.rules), source, cell, start))


def _fitted(arrays: Any, source: NetSpec, cell: Cell, start: Start) -> dict[str, np.ndarray]:
    """``arrays`` of ``source`` for pictures of the size that the cell's network takes, in float32."""
    target = model_of(cell.model)
    if start.network and len(source.input_shape) == 3 and source.input_shape[:2] != target.input_shape[:2]:
        published = known(source.name)
        library: Any = published.library.partition(" ")[0] if published else ""
        library = library if library in positions.LIBRARIES else "transformers"
        arrays = positions.resampled(arrays, source, source.resized(*target.input_shape[:2]), library)
    return {name: np.asarray(array, np.float32) if array.dtype.kind == "f" else array for name, array in arrays.items()}


def told(about: dict[str, Any], cell: Cell) -> str:
    """In one line what a run starts from."""
    parts = [f"starts from {shown(about['file'], 300)}"]
    if about["new"]:
        parts.append(f"with a new head ({', '.join(about['new'])}) by {cell.initialization!r}")
    if about["frozen"]:
        parts.append(f"{about['frozen']} tensors frozen")
    parts += [f"{factor:g} of the rate in {shown(pattern)}" for pattern, factor in cell.start.rates.items()]
    return ", ".join(parts)
