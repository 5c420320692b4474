"""Attention as a layer of its own, to a saved tensor, and scores of positions against saved vectors."""

from __future__ import annotations

import math
from dataclasses import dataclass

from netspec.errors import LayerError
from netspec.layers.base import Primitive, Shape
from netspec.layers.expect import expect_divides, expect_last_axis, expect_one, expect_tokens


@dataclass(frozen=True)
class MultiHeadAttention(Primitive):
    """Multi-head attention of what arrives to the tensor saved as ``memory``: ``(…, width) -> (…, out_width)``.

    No norm and no residual. Without ``memory`` it is to itself. ``query_positions`` and ``key_positions`` name tensors
    that are added to what queries and keys, but not values, are mapped from; the latter are as many as the memory.
    Positions on a grid are tokens, too. ``causal=True``, which needs no ``memory``, hides later ones. Heads divide
    ``inner`` features, by default ``width``.

    Parameters with ``i = inner`` and ``o = out_width``: ``width·i + 2·memory_width·i + 3·i + i·o + o``.
    Source: Vaswani et al. 2017 (arXiv:1706.03762), sec. 3.2.2; Carion et al. 2020 (arXiv:2005.12872), fig. 10, for the
    positions; Kirillov et al. 2023 (arXiv:2304.02643), app. A, for fewer features inside.
    """

    width: int
    heads: int
    memory: str = ""
    memory_width: int | None = None
    query_positions: str = ""
    key_positions: str = ""
    inner: int | None = None
    out_width: int | None = None
    causal: bool = False

    primitive = "multi_head_attention"

    def check(self) -> None:
        """Raise :class:`LayerError` when the heads do not divide the features inside."""
        super().check()
        expect_divides(self.heads, self.inside, "heads do not divide the width", "heads")
        if self.causal and self.memory:
            raise LayerError("a memory has no order with what arrives", arrived="causal=True", expected="no memory")

    @property
    def inside(self) -> int:
        """Features of all queries, of all keys and of all values."""
        return self.width if self.inner is None else self.inner

    @property
    def leaving(self) -> int:
        """Features of a token that leaves."""
        return self.width if self.out_width is None else self.out_width

    @property
    def read_width(self) -> int:
        """Features of what keys and values are mapped from."""
        return self.width if self.memory_width is None else self.memory_width

    @property
    def reads(self) -> tuple[str, ...]:
        """The memory and the positions, as far as they have names."""
        return tuple(name for name in (self.memory, self.query_positions, self.key_positions) if name)

    def counts(self, arrived: Shape, *read: Shape) -> tuple[int, int]:
        """Queries and keys; raises :class:`LayerError` for positions that are not theirs."""
        queries = keys = expect_tokens(arrived, self.width)
        rest = list(read)
        if self.memory:
            keys = expect_tokens(rest.pop(0), self.read_width, "memory width")
        expected = [(queries, self.width)] if self.query_positions else []
        expected += [(keys, self.read_width)] if self.key_positions else []
        for shape, (tokens, width) in zip(rest, expected, strict=True):
            if expect_tokens(shape, width, "width of the positions") != tokens:
                raise LayerError("a position for each token", arrived=shape, expected=f"({tokens}, {width})")
        return queries, keys

    def output_shape(self, arrived: Shape, *read: Shape) -> Shape:
        """As many tokens as arrive."""
        self.counts(arrived, *read)
        return (*arrived[:-1], self.leaving)

    def params(self) -> int:
        """The four maps."""
        inner = self.inside
        return (self.width + 2 * self.read_width + 3) * inner + (inner + 1) * self.leaving

    def macs(self, arrived: Shape, *read: Shape) -> int:
        """The maps and both products."""
        queries, keys = self.counts(arrived, *read)
        inner = self.inside
        maps = queries * (self.width + self.leaving) * inner + 2 * keys * self.read_width * inner
        return maps + 2 * queries * keys * inner


@dataclass(frozen=True)
class DotProducts(Primitive):
    """Products of every position with each of the vectors saved as ``name``: ``(…, C), (N, C) -> (…, N)``.

    No parameters. Source: Cheng et al. 2021 (arXiv:2107.06278), sec. 3.2; Kirillov et al. 2023 (arXiv:2304.02643),
    app. A, where the vectors are made of the tokens of masks.
    """

    name: str

    primitive = "dot_products"

    @property
    def reads(self) -> tuple[str, ...]:
        """The vectors."""
        return (self.name,)

    def output_shape(self, arrived: Shape, vectors: Shape) -> Shape:
        """A number for each vector."""
        expect_one(arrived)
        expect_last_axis("vectors of another width", vectors, arrived[-1])
        if len(vectors) != 2:
            raise LayerError("several vectors are needed", arrived=vectors, expected=f"(vectors, {arrived[-1]})")
        return (*arrived[:-1], vectors[0])

    def params(self) -> int:
        """None."""
        return 0

    def macs(self, arrived: Shape, vectors: Shape) -> int:
        """One matrix product per position."""
        return math.prod(arrived) * vectors[0]
