"""Transformer decoder with cross-attention."""

from __future__ import annotations

from dataclasses import dataclass

from netspec.errors import LayerError
from netspec.layers.base import Primitive, Shape
from netspec.layers.expect import expect_divides, expect_tokens


@dataclass(frozen=True)
class TransformerDecoder(Primitive):
    """``n_blocks`` pre-norm blocks of self-attention, cross-attention and MLP.

    With ``n_queries > 0`` learned queries attend to what arrives, ``(N, width) -> (n_queries, width)``, as in DETR.
    With ``n_queries = 0`` what arrives attends to the tensor saved or given as ``memory``, and keeps its shape:
    ``(N, width) -> (N, width)``. ``memory_width`` is the width of that tensor where it differs. Heads are
    ``width / heads`` wide; no final norm; ``causal=True`` hides later tokens from the self-attention.

    Parameters: ``n_blocks · (6·width + 8·(width² + width) + 2·width·mlp_width + mlp_width + width)
    + n_queries·width``, and ``2·n_blocks·width·(memory_width − width)`` when the memory has another width.
    Source: Vaswani et al. 2017 (arXiv:1706.03762); Carion et al. 2020 (arXiv:2005.12872); book ch. 11, def. 93.
    """

    width: int
    heads: int
    mlp_width: int
    n_blocks: int
    n_queries: int
    memory: str = ""
    memory_width: int | None = None
    causal: bool = False

    primitive = "transformer_decoder"
    may_be_zero = ("n_queries",)

    def check(self) -> None:
        """Raise :class:`LayerError` for heads that do not divide the width, and for queries together with a memory."""
        super().check()
        expect_divides(self.heads, self.width, "heads do not divide the width", "heads")
        if bool(self.n_queries) == bool(self.memory):
            arrived = f"n_queries={self.n_queries}, memory={self.memory!r}"
            raise LayerError("queries or a memory", arrived=arrived, expected="n_queries > 0 or the name of a memory")

    @property
    def reads(self) -> tuple[str, ...]:
        """The memory, when it is not what arrives."""
        return (self.memory,) if self.memory else ()

    def _tokens(self, arrived: Shape, *read: Shape) -> tuple[int, int]:
        memory_width = self.width if self.memory_width is None else self.memory_width
        memory = expect_tokens(read[0] if read else arrived, memory_width, "memory width")
        return (expect_tokens(arrived, self.width) if read else self.n_queries), memory

    def output_shape(self, arrived: Shape, *read: Shape) -> Shape:
        """One vector per query, or what arrives."""
        self._tokens(arrived, *read)
        return arrived if read else (self.n_queries, self.width)

    def params(self) -> int:
        """Three LayerNorms, eight projections and the MLP per block, and the queries."""
        d, m = self.width, self.mlp_width
        other = 0 if self.memory_width is None else 2 * self.n_blocks * d * (self.memory_width - d)
        return self.n_blocks * (6 * d + 8 * (d * d + d) + 2 * d * m + m + d) + self.n_queries * d + other

    def macs(self, arrived: Shape, *read: Shape) -> int:
        """Projections, attention products of both kinds, and the MLP."""
        n, memory = self._tokens(arrived, *read)
        d, c = self.width, self.width if self.memory_width is None else self.memory_width
        own = 4 * n * d * d + 2 * n * n * d
        cross = 2 * n * d * d + 2 * memory * c * d + 2 * n * memory * d
        return self.n_blocks * (own + cross + 2 * n * d * self.mlp_width)
