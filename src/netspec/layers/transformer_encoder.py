"""Pre-norm transformer encoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from netspec.layers.base import Primitive, Shape
from netspec.layers.expect import expect_divides, expect_tokens


@dataclass(frozen=True)
class TransformerEncoder(Primitive):
    """``n_blocks`` pre-norm blocks and a final LayerNorm: ``(N, width) -> (N, width)``, or ``(width,)``.

    Each block is ``x + MHSA(LN(x))`` then ``x + fc2(gelu(fc1(LN(x))))``; q, k, v and the output projection carry
    biases, heads are ``width / heads`` wide and cost no parameters. Positions on a grid ``(H, W, width)`` are tokens
    too and stay in their places. ``causal=True`` hides later tokens. ``readout="class_token"`` keeps token 0 of the
    normalised output, which is what a classification head reads; ``"last_token"`` keeps the last.

    Parameters: ``n_blocks · (4·width + 4·(width² + width) + 2·width·mlp_width + mlp_width + width) + 2·width``.
    Source: Vaswani et al. 2017 (arXiv:1706.03762); Dosovitskiy et al. 2020, eqs. 2-4; book ch. 10.3.
    """

    width: int
    heads: int
    mlp_width: int
    n_blocks: int
    readout: Literal["all", "class_token", "last_token"] = "all"
    causal: bool = False

    primitive = "transformer_encoder"

    def check(self) -> None:
        """Raise :class:`LayerError` when the heads do not divide the width."""
        super().check()
        expect_divides(self.heads, self.width, "heads do not divide the width", "heads")

    def output_shape(self, arrived: Shape) -> Shape:
        """Tokens in, tokens out; one vector when one token is read out."""
        expect_tokens(arrived, self.width)
        return arrived if self.readout == "all" else (self.width,)

    def params(self) -> int:
        """Two LayerNorms, four projections and the MLP per block, and the final LayerNorm."""
        d, m = self.width, self.mlp_width
        return self.n_blocks * (4 * d + 4 * (d * d + d) + 2 * d * m + m + d) + 2 * d

    def macs(self, arrived: Shape) -> int:
        """Projections, the two attention products ``Q Kᵀ`` and ``P V`` (in full, masked or not), and the MLP."""
        n, d = expect_tokens(arrived, self.width), self.width
        return self.n_blocks * (4 * n * d * d + 2 * n * n * d + 2 * n * d * self.mlp_width)
