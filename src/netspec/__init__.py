"""NetSpec: neural architectures as immutable values that can be counted, checked, drawn and built.

Importing this package imports neither jax nor the catalogue: :func:`build` and :func:`find` do when they are called.
"""

import importlib
from collections.abc import Mapping
from typing import Any

from netspec.conventions import Conventions
from netspec.errors import InputError, LayerError, SpecError, UnknownSpecError
from netspec.layers.base import Several
from netspec.spec import NetSpec, Provenance
from netspec.walk import Row

__all__ = [
    "Conventions",
    "InputError",
    "LayerError",
    "NetSpec",
    "Provenance",
    "Row",
    "Several",
    "SpecError",
    "UnknownSpecError",
    "build",
    "canonical_state",
    "find",
    "load_canonical_state",
    "names",
]


def find(name: str) -> NetSpec:
    """The architecture of the catalogue called ``name``; see :func:`netspec.catalogue.find`."""
    from netspec import catalogue

    return catalogue.find(name)


def names() -> tuple[str, ...]:
    """Names of all architectures, in catalogue order."""
    from netspec import catalogue

    return catalogue.names()


def build(spec: NetSpec, rngs: Any, **options: Any) -> Any:
    """Build the ``flax.nnx`` module of ``spec``; see :func:`netspec.modules.build`."""
    from netspec import modules

    return modules.build(spec, rngs, **options)


def canonical_state(module: Any) -> dict[str, Any]:
    """Tensors of a built network by names and shapes that its spec decides; see :mod:`netspec.weights.canonical`."""
    from netspec.weights import canonical

    return canonical.canonical_state(module)


def load_canonical_state(module: Any, arrays: Mapping[str, Any]) -> None:
    """Give a network the tensors that :func:`canonical_state` has named; see :mod:`netspec.weights.canonical`."""
    from netspec.weights import canonical

    canonical.load_canonical_state(module, arrays)


def __getattr__(name: str) -> Any:
    """``netspec.catalogue`` without an import of its own."""
    if name == "catalogue":
        return importlib.import_module("netspec.catalogue")
    raise AttributeError(f"module 'netspec' has no attribute {name!r}")
