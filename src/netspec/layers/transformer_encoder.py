"""Pre-norm transformer encoder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from netspec.errors import LayerError
from netspec.layers.base import Layer, Shape, expect_last_axis


@dataclass(frozen=True)
class TransformerEncoder(Layer):
    """``n_blocks`` pre-norm blocks and a final LayerNorm: ``(N, width) -> (N, width)``, or ``(width,)``.

    Each block is ``x + MHSA(LN(x))`` then ``x + fc2(gelu(fc1(LN(x))))``; q, k, v and the output projection carry
    biases, heads are ``width / heads`` wide and cost no parameters. ``readout="class_token"`` keeps token 0 of the
    normalised output, which is what a classification head reads.

    Parameters: ``n_blocks · (4·width + 4·(width² + width) + 2·width·mlp_width + mlp_width + width) + 2·width``.
    Source: Vaswani et al. 2017 (arXiv:1706.03762); Dosovitskiy et al. 2020, eqs. 2-4; book ch. 10.3.
    """

    width: int
    heads: int
    mlp_width: int
    n_blocks: int
    readout: Literal["all", "class_token"] = "all"

    positive = ("width", "heads", "mlp_width", "n_blocks")

    def check(self) -> None:
        """Raise :class:`LayerError` when the heads do not divide the width."""
        super().check()
        if self.width % self.heads:
            raise LayerError(
                "heads do not divide the width",
                arrived=f"{self.heads} heads",
                expected=f"a divisor of {self.width}",
            )

    def output_shape(self, arrived: Shape) -> Shape:
        """Tokens in, tokens out; one vector with ``readout="class_token"``."""
        if len(arrived) != 2:
            raise LayerError("an encoder needs tokens", arrived=arrived, expected="(tokens, width)")
        expect_last_axis("token width does not match", arrived, self.width)
        return (self.width,) if self.readout == "class_token" else arrived

    def params(self) -> int:
        """Two LayerNorms, four projections and the MLP per block, and the final LayerNorm."""
        d, m = self.width, self.mlp_width
        return self.n_blocks * (4 * d + 4 * (d * d + d) + 2 * d * m + m + d) + 2 * d

    def macs(self, arrived: Shape) -> int:
        """Projections, the two attention products ``Q Kᵀ`` and ``P V``, and the MLP, for every token."""
        n, d = arrived
        return self.n_blocks * (4 * n * d * d + 2 * n * n * d + 2 * n * d * self.mlp_width)
