"""Specs by name, and the same tuple with one of them changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from netspec.layers import ConvBN
from netspec.layers.base import Layer
from netspec.spec import NetSpec
from netspec.vocabulary.cases import Case, apart
from netspec.vocabulary.term import Residual

#: Specs of one module of the catalogue. Any, since they are asked for what their own layers have.
Specs = tuple[Any, ...]


def named(specs: Specs, name: str) -> Any:
    """The spec of that name."""
    return next(spec for spec in specs if spec.name == name)


def layers(spec: Any, kind: type[Layer]) -> list[Any]:
    """The layers of one kind, in order."""
    return [layer for layer in spec.layers if isinstance(layer, kind)]


def changed(specs: Specs, name: str, change: Callable[[Layer], Layer]) -> Specs:
    """``specs`` with one of them, all of whose layers went through ``change``."""

    def other(spec: Any) -> Any:
        return replace(spec, layers=tuple(change(layer) for layer in spec.layers)) if spec.name == name else spec

    return tuple(other(spec) for spec in specs)


def exchanged(specs: Specs, name: str, other: NetSpec) -> Specs:
    """``specs`` with another in the place, and under the name, of one of them."""
    return tuple(replace(other, name=name) if spec.name == name else spec for spec in specs)


def with_fields(kind: type[Layer], **fields: Any) -> Callable[[Layer], Layer]:
    """A change that gives layers of one kind other values in some fields."""

    def change(layer: Layer) -> Layer:
        return replace(layer, **fields) if isinstance(layer, kind) else layer

    return change


def counted(counts: dict[str, int], beside: Callable[[NetSpec], int] = lambda spec: 0) -> Residual:
    """Whether specs have as many parameters as published, where ``beside`` of them are counted there and not here."""

    def residual(specs: Specs, case: Case) -> float:
        found = [named(specs, name).params + beside(named(specs, name)) for name in counts]
        return apart(found, list(counts.values()))

    return residual


def fewer_blocks(kind: type[Layer], first: int) -> Callable[[Layer], Layer]:
    """A change that takes a block from the stage of one kind that starts from ``first`` channels."""

    def change(layer: Any) -> Layer:
        found: Any = layer if isinstance(layer, kind) else None
        return replace(found, n_blocks=found.n_blocks - 1) if found and found.in_channels == first else layer

    return change


def wider_stem(layer: Layer) -> Layer:
    """A first kernel of 5, whatever it was."""
    return replace(layer, kernel=5) if isinstance(layer, ConvBN) and layer.in_channels == 3 else layer
