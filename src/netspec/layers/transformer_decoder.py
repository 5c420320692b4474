"""Transformer decoder with cross-attention."""

from __future__ import annotations

from dataclasses import dataclass

from netspec.errors import LayerError
from netspec.layers.attention import PLAIN, Attention, Pairs
from netspec.layers.base import Primitive, Shape
from netspec.layers.expect import expect_tokens
from netspec.layers.parts import (
    Gelu,
    Mlp,
    Norm,
    Placement,
    ResidualScale,
    expect_epsilon,
    expect_mask,
    expect_masked,
    expect_residual,
    mlp_macs,
    mlp_params,
    norm_params,
    norms_per_branch,
    scale_params,
)


@dataclass(frozen=True)
class TransformerDecoder(Primitive):
    """``n_blocks`` blocks of self-attention, cross-attention and MLP, by default with norms first and ReLU.

    With ``n_queries > 0`` learned queries attend to what arrives, ``(N, width) -> (n_queries, width)``, as in DETR.
    With ``n_queries = 0`` what arrives attends to the tensor saved or given as ``memory``, and keeps its shape:
    ``(N, width) -> (N, width)``. ``memory_width`` is the width of that tensor where it differs. ``causal=True`` hides
    later tokens from the self-attention. A norm follows the last block with ``final_norm``.

    ``memory_mask`` names a tensor that is zero where the memory is padding, which nothing sees.

    The other parts are those of :class:`netspec.layers.TransformerEncoder`. Kernel, latent, positions and patterns
    belong to the self-attention; the cross-attention is a softmax of the same heads and biases over the whole memory.

    Parameters of that form: ``n_blocks · (6·width + 8·(width² + width) + 2·width·mlp_width + mlp_width + width)
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
    attention: Attention = PLAIN
    norm: Norm = "layer"
    norm_epsilon: float = 1e-5
    placement: Placement = "pre"
    final_norm: bool = False
    mlp: Mlp = "relu"
    mlp_bias: bool = True
    gelu: Gelu = "tanh"
    memory_mask: str = ""
    layer_scale: float | None = None
    residual: ResidualScale = "plain"

    primitive = "transformer_decoder"
    may_be_zero = ("n_queries",)

    def check(self) -> None:
        """Raise :class:`LayerError` for parts that do not fit, and for queries together with a memory."""
        super().check()
        self.attention.check(self.width, self.heads, self.causal)
        expect_epsilon(self.norm_epsilon)
        expect_mask(self.memory_mask, PLAIN)
        expect_residual(self.residual, self.placement, self.layer_scale, self.norm, self.final_norm)
        if self.n_queries and self.attention.positions in ("learned", "sinusoidal"):
            arrived = f"positions={self.attention.positions!r} and n_queries={self.n_queries}"
            raise LayerError("learned queries are positions themselves", arrived=arrived, expected="one of them")
        if bool(self.n_queries) == bool(self.memory):
            arrived = f"n_queries={self.n_queries}, memory={self.memory!r}"
            raise LayerError("queries or a memory", arrived=arrived, expected="n_queries > 0 or the name of a memory")

    @property
    def reads(self) -> tuple[str, ...]:
        """The memory, when it is not what arrives, and its mask."""
        masks = (self.memory_mask,) if self.memory_mask else ()
        return (self.memory, *masks) if self.memory else masks

    def _tokens(self, arrived: Shape, *read: Shape) -> tuple[int, int]:
        memory_width = self.width if self.memory_width is None else self.memory_width
        memory = expect_tokens(read[0] if self.memory else arrived, memory_width, "memory width")
        expect_masked(memory, *read[bool(self.memory) :])
        return (expect_tokens(arrived, self.width) if self.memory else self.n_queries), memory

    def output_shape(self, arrived: Shape, *read: Shape) -> Shape:
        """One vector per query, or what arrives."""
        tokens, _ = self._tokens(arrived, *read)
        self.attention.expect_length(tokens)
        return arrived if self.memory else (self.n_queries, self.width)

    def params(self) -> int:
        """Norms, both attentions and the MLP per block, the queries, and tables of positions."""
        d, norm = self.width, norm_params(self.norm, self.width)
        block = (
            3 * norms_per_branch(self.placement) * norm
            + self.attention.own_params(d, self.heads)
            + self.attention.params(d, self.heads, self.memory_width)
            + mlp_params(d, self.mlp_width, self.mlp, self.mlp_bias)
        )
        block += 3 * scale_params(self.residual, self.layer_scale, d)
        final = norm if self.final_norm else 0
        tables = self.attention.table(self.heads) + self.attention.added(d)
        return self.n_blocks * block + self.n_queries * d + final + tables

    def pairs(self, arrived: Shape, *read: Shape) -> tuple[Pairs, Pairs]:
        """Pairs of the self-attention and of the cross-attention, for one head of one block."""
        n, memory = self._tokens(arrived, *read)
        return self.attention.pairs(n, self.causal), Pairs(n * memory, n * memory)

    def macs(self, arrived: Shape, *read: Shape) -> int:
        """Projections, attention products of all pairs computed of both kinds, and the MLP."""
        n, memory = self._tokens(arrived, *read)
        d, c = self.width, self.width if self.memory_width is None else self.memory_width
        _, across = self.pairs(arrived, *read)
        queries, keys, values = self.attention.maps(d, self.heads)
        own = self.attention.own_macs(d, self.heads, n, self.causal)
        cross = 2 * n * d * queries + memory * c * (keys + values) + 2 * across.computed * queries
        return self.n_blocks * (own + cross + n * mlp_macs(d, self.mlp_width, self.mlp))
