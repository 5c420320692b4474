"""The weights of a network by names and shapes that its spec alone decides, and those of libraries as such.

:func:`load` and :func:`export` are what a person calls; the modules of this package are what they are made of.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netspec.spec import NetSpec

if TYPE_CHECKING:
    from netspec.weights.rules import Table


def load(
    spec: NetSpec, weights: Mapping[str, Any] | Path | str, rules: str | Table | None = None, **options: Any
) -> Any:
    """The network of ``spec``, ready to predict, with the tensors of a file or mapping, such as a ``state_dict``.

    They go by the names of this project, as in the ``weights.npz`` of a run and of ``netspec import``, or by those of
    a library: the published network's, or as ``rules`` says, a table or the name of one in
    :mod:`netspec.weights.families`.
    The spec is the one that was trained: of a run, with its number of classes (:meth:`netspec.NetSpec.with_classes`).
    ``options`` are those of :func:`netspec.weights.transfer.load`. Raises
    :class:`netspec.weights.plan.WeightsError` for what is left over on either side.
    """
    from netspec.weights import files, naming, transfer

    tensors = files.arrays(weights) if isinstance(weights, Mapping) else naming.read(weights)
    if rules is None and naming.is_ours(tensors):
        return transfer.load_ours(spec, tensors, **options)
    return transfer.load(spec, tensors, naming.table_of(spec, rules), **options)


def export(spec: NetSpec, network: Any, rules: str | Table | None = None) -> dict[str, Any]:
    """The tensors of ``network``, the module of ``spec``, by the names of a library; :func:`load` takes them back."""
    from netspec.weights import naming, transfer

    return transfer.export(spec, network, naming.table_of(spec, rules))
