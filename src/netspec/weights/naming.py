"""By which names the tensors of a file go: those of this project, or those of a library."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from netspec import exact
from netspec.errors import SpecError
from netspec.spec import NetSpec
from netspec.weights import families, files
from netspec.weights.canonical import canonical_state
from netspec.weights.plan import WeightsError
from netspec.weights.rules import Table
from netspec.weights.transfer import abstract, planned

#: What a run's ``weights.npz`` has beside tensors: names of classes or tokens, and merges of byte pairs, as bytes.
NOTES = ("names.json", "tokenizer.model")
#: Ends of names that tensors have here and not in PyTorch.
OURS = (".kernel", ".embedding", ".scale")


def read(path: Path | str) -> dict[str, np.ndarray]:
    """The tensors of a file, see :func:`netspec.weights.files.read`, without what a run notes beside them."""
    return {name: tensor for name, tensor in files.read(path).items() if name not in NOTES}


def table_of(spec: NetSpec, rules: str | Table | None = None) -> Table:
    """``rules``, the table of that name, or that of the published network that ``spec`` is called like.

    Raises :class:`WeightsError` where there is none.
    """
    if isinstance(rules, Table):
        return rules
    published = exact.known(spec.name)
    chosen = rules or (published.rules if published else "")
    if not chosen:
        known = ", ".join(sorted(families.tables()))
        raise WeightsError(f"{spec.name} names no rules for weights, expected one of {known}")
    return families.find(chosen)


def is_ours(names: Iterable[str]) -> bool:
    """Whether tensors go by the names of :func:`netspec.canonical_state`, as no library's do."""
    names = [name for name in names if name not in NOTES]
    return all(name.startswith("layers.") for name in names) and any(name.endswith(OURS) for name in names)


def ours(spec: NetSpec, tensors: Mapping[str, Any], rules: str | Table | None = None) -> dict[str, Any]:
    """``tensors`` by the names of this project, whichever they go by; those that are ours already are as they are.

    Those of a library may be of a network with another number of classes than ``spec`` has. Raises
    :class:`WeightsError` for what is left over on either side.
    """
    if rules is None and is_ours(tensors):
        return {name: tensor for name, tensor in tensors.items() if name not in NOTES}
    table = table_of(spec, rules)
    return planned(spec, abstract(spec), table).to_ours(tensors)


def of_as_many_classes(spec: NetSpec, tensors: Mapping[str, Any], rules: str | Table | None = None) -> NetSpec:
    """``spec`` with as many classes as the head in ``tensors``, a library's or ours, tells apart; itself where that
    cannot be told.
    """
    if not isinstance(spec.output_shape, tuple) or len(spec.output_shape) != 1:
        return spec
    network = abstract(spec)
    name = next((name for name in reversed(list(canonical_state(network))) if name.endswith((".bias", ".kernel"))), "")
    axis = -1
    if rules is not None or not is_ours(tensors):
        targets = {target.name: target for target in planned(spec, network, table_of(spec, rules)).targets}
        sources = targets[name].sources if name in targets else ()
        name, axis = (sources[0].name or "" if len(sources) == 1 else ""), 0
    count = tensors[name].shape[axis] if name in tensors and tensors[name].ndim else 0
    if count in (0, spec.output_shape[0]):
        return spec
    published = exact.known(spec.name)
    try:
        return published.spec(count) if published else spec.with_classes(count)
    except SpecError:
        return spec
