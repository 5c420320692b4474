"""Selective state-space blocks of Mamba."""

from __future__ import annotations

from dataclasses import dataclass

from netspec.layers.base import Primitive, Shape
from netspec.layers.expect import expect_tokens


@dataclass(frozen=True)
class MambaBlock(Primitive):
    """``n_blocks`` of ``x + mamba(RMSNorm(x))``: ``(tokens, width) -> (tokens, width)``.

    Inside, with ``e = expand·width``, state size ``N`` and time-step rank ``r = ceil(width/16)``: projection to ``2·e``
    (path and gate), causal depthwise convolution of 4 taps with bias, SiLU, projection to ``r + 2·N``, time step
    ``r -> e`` with bias, selective scan with a state of ``e × N`` and a skip, gate, projection back. The projections
    have no bias.

    Parameters per block: ``d + 2·d·e + 5·e + e·(r + 2·N) + r·e + e + e·N + e + e·d`` with ``d = width``.
    The chapter's formula is an approximation: ``3·E·d² + 3·E·d·N + 5·E·d + d`` with ``E = expand``.
    Source: Gu & Dao 2023 (arXiv:2312.00752), alg. 2 and fig. 3; book ch. 11, def. 98.
    """

    width: int
    state_size: int
    expand: int
    n_blocks: int

    primitive = "mamba_block"

    #: Taps of the causal convolution, as published.
    taps = 4

    def output_shape(self, arrived: Shape) -> Shape:
        """Unchanged."""
        expect_tokens(arrived, self.width)
        return arrived

    @property
    def step_rank(self) -> int:
        """Rank of the time-step projection."""
        return -(-self.width // 16)

    def params(self) -> int:
        """Norm, two-way input projection, convolution, scan parameters, output projection."""
        d, e, n, r = self.width, self.expand * self.width, self.state_size, self.step_rank
        scan = e * (r + 2 * n) + r * e + e + e * n + e
        return self.n_blocks * (d + 2 * d * e + (self.taps + 1) * e + scan + e * d)

    def book_params(self) -> int:
        """The chapter's approximation."""
        d, n, expand = self.width, self.state_size, self.expand
        return self.n_blocks * (3 * expand * d * d + 3 * expand * d * n + 5 * expand * d + d)

    def macs(self, arrived: Shape) -> int:
        """Projections and convolution per token; three per state entry: input, recurrence, read-out."""
        d, e, n, r = self.width, self.expand * self.width, self.state_size, self.step_rank
        token = 2 * d * e + self.taps * e + e * (r + 2 * n) + r * e + 3 * e * n + e * d
        return self.n_blocks * expect_tokens(arrived, d) * token
