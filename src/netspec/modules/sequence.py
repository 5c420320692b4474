"""Run layers one after another: the counterpart, for tensors, of :mod:`netspec.walk` for shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import jax
from flax import nnx

from netspec.layers.base import SKIP, Layer, Primitive, Several, Value
from netspec.modules.base import Numerics, module_of

#: A batch of what flows from one layer to the next: one tensor, or several by name, each of which may be several again.
Batch: TypeAlias = "jax.Array | dict[str, Any]"


class Memory:
    """The saved tensors and the open skips of one call."""

    def __init__(self, named: Mapping[str, Batch]) -> None:
        self.saved = dict(named)
        self.skips: list[Batch] = []

    def keep(self, name: str, value: Batch) -> None:
        """Save ``value`` under ``name``, or open a skip."""
        if name == SKIP:
            self.skips.append(value)
        else:
            self.saved[name] = value

    def find(self, name: str) -> Batch:
        """The tensor saved under ``name``, the part ``name.part`` of several, or the latest open skip, closing it."""
        if name == SKIP:
            return self.skips.pop()
        if name in self.saved:
            return self.saved[name]
        whole, _, part = name.partition(".")
        return self.saved[whole][part]


class Chain(nnx.Module):
    """``layers`` in order, each with the tensors it reads; none is the identity."""

    def __init__(self, layers: Sequence[Layer], numerics: Numerics, rngs: nnx.Rngs) -> None:
        self.described = tuple(layers)
        self.layers = modules_of(layers, numerics, rngs)

    def __call__(self, value: Batch, memory: Memory) -> Batch:
        """What leaves the last layer."""
        return run(self.described, self.layers, value, memory)


def modules_of(layers: Sequence[Layer], numerics: Numerics, rngs: nnx.Rngs) -> nnx.List:
    """A module per layer, in order."""
    return nnx.List([module_of(layer, numerics, rngs) for layer in layers])


def run(layers: Sequence[Layer], modules: Sequence[nnx.Module], value: Batch, memory: Memory) -> Batch:
    """Send ``value`` through ``modules``, those of ``layers``, and return what leaves the last.

    ``memory`` gains what the layers save and loses the skips they close.
    """
    for layer, module in zip(layers, modules, strict=True):
        if not isinstance(layer, Primitive):
            value = module(value, memory)
            continue
        kept = layer.saves(shape_of(value))
        read = [memory.find(name) for name in layer.reads]
        if kept is None:
            value = module(value, *read)
        else:
            value, tensor = module(value, *read)
            memory.keep(kept[0], tensor)
    return value


def shape_of(value: Batch) -> Value:
    """The shape of ``value`` as the layers see it, without the batch."""
    if isinstance(value, dict):
        return Several({name: shape_of(part) for name, part in value.items()})
    return value.shape[1:]
