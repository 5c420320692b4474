"""Modules of the combinators: each sends a batch along the way that its layer's ``route`` sends a shape."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from operator import add, mul
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from netspec.layers.combinators import Branches, ForEach, Heads, OnRegions, Repeat, Residual, Under
from netspec.modules.base import Numerics, build_layer
from netspec.modules.roi_align import roi_align
from netspec.modules.sequence import Batch, Chain, Memory
from netspec.names import REGIONS


class Sum(nnx.Module):
    """``body(x) + shortcut(x)``."""

    def __init__(self, body: Chain, shortcut: Chain) -> None:
        self.body = body
        self.shortcut = shortcut

    def __call__(self, value: Batch, memory: Memory) -> Batch:
        """The body runs first, as in the walk, so that it is the shortcut which sees what the body saved."""
        body: Any = self.body(value, memory)
        return body + self.shortcut(value, memory)


class Joined(nnx.Module):
    """Branches over the same input, concatenated along the channels, added or multiplied."""

    def __init__(self, branches: list[Chain], join: str) -> None:
        self.branches = nnx.List(branches)
        self.join = join

    def __call__(self, value: Batch, memory: Memory) -> Batch:
        """In the order of the listing."""
        leaves = [branch(value, memory) for branch in self.branches]
        if self.join == "concat":
            return jnp.concatenate(leaves, axis=-1)
        joined = reduce(mul if self.join == "multiply" else add, leaves)
        return joined / len(leaves) if self.join == "mean" else joined


class Headed(nnx.Module):
    """``x -> {name: head(x), …}``."""

    def __init__(self, names: tuple[str, ...], heads: list[Chain]) -> None:
        self.names = names
        self.heads = nnx.List(heads)

    def __call__(self, value: Batch, memory: Memory) -> Batch:
        """In the order of the listing."""
        return {name: head(value, memory) for name, head in zip(self.names, self.heads, strict=True)}


class Shared(nnx.Module):
    """``{name: x} -> {name: body(x)}`` with one set of weights."""

    def __init__(self, body: Chain) -> None:
        self.body = body

    def __call__(self, value: Batch, memory: Memory) -> Batch:
        """Each tensor in turn."""
        return {name: self.body(tensor, memory) for name, tensor in value.items()}


class Regional(nnx.Module):
    """``{level: (B, H, W, C)} -> (B, n_regions, …)``: the body on every region, as if each were an example.

    The regions are the first ``n_regions`` of the further input ``regions``, ``(B, n, 4)``; see :func:`roi_align`.
    """

    def __init__(self, layer: OnRegions, body: Chain) -> None:
        self.side = layer.side
        self.n_regions = layer.n_regions
        self.body = body

    def __call__(self, value: Batch, memory: Memory) -> Batch:
        """Align, fold the regions into the batch, run the body, unfold."""
        levels = list(value.values()) if isinstance(value, dict) else [value]
        regions: Any = memory.find(REGIONS)
        aligned = roi_align(levels, regions[:, : self.n_regions], self.side)
        leaves = self.body(aligned.reshape(-1, *aligned.shape[2:]), memory)
        return jax.tree.map(lambda tensor: tensor.reshape(-1, self.n_regions, *tensor.shape[1:]), leaves)


class Stack(nnx.Module):
    """The copies of a repeated body, one after another."""

    def __init__(self, copies: list[Chain]) -> None:
        self.copies = nnx.List(copies)

    def __call__(self, value: Batch, memory: Memory) -> Batch:
        """Each copy reads what the one before leaves."""
        for copy in self.copies:
            value = copy(value, memory)
        return value


@build_layer.register
def _(layer: Residual, numerics: Numerics, rngs: nnx.Rngs) -> Sum:
    return Sum(Chain(layer.body, numerics, rngs), Chain(layer.shortcut, numerics, rngs))


@build_layer.register
def _(layer: Branches, numerics: Numerics, rngs: nnx.Rngs) -> Joined:
    return Joined([Chain(branch, numerics, rngs) for branch in layer.branches], layer.join)


@build_layer.register
def _(layer: Heads, numerics: Numerics, rngs: nnx.Rngs) -> Headed:
    names = tuple(name for name, _ in layer.heads)
    return Headed(names, [Chain(head, numerics, rngs) for _, head in layer.heads])


@build_layer.register
def _(layer: ForEach, numerics: Numerics, rngs: nnx.Rngs) -> Shared:
    return Shared(Chain(layer.body, numerics, rngs))


@build_layer.register
def _(layer: OnRegions, numerics: Numerics, rngs: nnx.Rngs) -> Regional:
    return Regional(layer, Chain(layer.body, numerics, rngs))


@build_layer.register
def _(layer: Repeat, numerics: Numerics, rngs: nnx.Rngs) -> Stack:
    return Stack([Chain(layer.body, numerics, rngs) for _ in range(layer.times)])


@build_layer.register
def _(layer: Under, numerics: Numerics, rngs: nnx.Rngs) -> Chain:
    return Chain(layer.body, replace(numerics, conventions=layer.conventions), rngs)
