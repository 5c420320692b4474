"""Evoformer of AlphaFold 2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from netspec.errors import LayerError
from netspec.layers.base import Primitive, Several, Shape
from netspec.layers.expect import expect_image


@dataclass(frozen=True)
class EvoformerBlock(Primitive):
    """``n_blocks`` joint updates of alignment and pairs, then the single representation.

    ``(sequences, residues, msa_channels)``, with the pairs ``(residues, residues, pair_channels)`` saved or given as
    ``pair``, ``-> {single: (residues, single_channels), pair: (residues, residues, pair_channels)}``. A block is
    row attention with pair bias, column attention, transition, outer-product mean, two triangle products, two
    triangle attentions, transition; the single representation is a linear map of the first sequence. Without
    ``single_channels`` the alignment leaves instead, ``{msa: (sequences, residues, msa_channels), pair: …}``.

    The inner widths are by default the published ones: the heads of both kinds of attention and their width,
    ``outer`` channels of each of the two vectors of the outer products, ``triangle`` of the triangle products, and how
    many times as wide a ``transition`` is. The outer products are averaged over sequences ``outer_mean="before"`` their
    map, as in the paper; ``"behind"`` it, as in the released code, the bias is divided as well, and by 0.001 more.

    Parameters: the tensors of algorithms 6 to 15. The chapter's formula is an
    approximation: ``n_blocks·(16·cm² + cm²·cz/32 + 16·cz²)``.
    Source: Jumper et al. 2021, Nature 596, suppl. 1.6; book ch. 11, def. 102.
    """

    msa_channels: int
    pair_channels: int
    n_blocks: int
    single_channels: int | None = 384
    pair: str = "pair"
    msa_heads: int = 8
    pair_heads: int = 4
    msa_head_width: int = 32
    pair_head_width: int = 32
    outer: int = 32
    triangle: int = 128
    transition: int = 4
    outer_mean: Literal["before", "behind"] = "before"

    primitive = "evoformer_block"

    @property
    def reads(self) -> tuple[str, ...]:
        """The pair representation."""
        return (self.pair,)

    def output_shape(self, arrived: Shape, pair: Shape) -> Several:
        """Single and pair representation; the residues of alignment and pairs must agree."""
        expect_image(arrived, self.msa_channels)
        sides = expect_image(pair, self.pair_channels)
        residues = arrived[1]
        if sides != (residues, residues):
            expected = (residues, residues, self.pair_channels)
            raise LayerError("pairs do not match the residues", arrived=pair, expected=expected)
        if self.single_channels is None:
            return Several({"msa": arrived, "pair": pair})
        return Several({"single": (residues, self.single_channels), "pair": pair})

    def params(self) -> int:
        """All blocks and the single projection."""
        m, z, a, b, o, t = self._widths()
        row = 2 * m + 2 * z + z * self.msa_heads + 4 * m * a + a + a * m + m
        column = 2 * m + 4 * m * a + a + a * m + m
        outer = 2 * m + 2 * (m * o + o) + o * o * z + z
        product = 2 * z + 2 * t + 4 * (z * t + t) + z * z + z + t * z + z
        attention = 2 * z + z * self.pair_heads + 4 * z * b + b + b * z + z
        transitions = sum(2 * c + 2 * self.transition * c * c + self.transition * c + c for c in (m, z))
        block = row + column + outer + 2 * product + 2 * attention + transitions
        return self.n_blocks * block + (m + 1) * (self.single_channels or 0)

    def _widths(self) -> tuple[int, int, int, int, int, int]:
        msa, pair = self.msa_heads * self.msa_head_width, self.pair_heads * self.pair_head_width
        return self.msa_channels, self.pair_channels, msa, pair, self.outer, self.triangle

    def book_params(self) -> int:
        """The chapter's approximation."""
        m, z = self.msa_channels, self.pair_channels
        return self.n_blocks * (16 * m * m + m * m * z // 32 + 16 * z * z)

    def macs(self, arrived: Shape, pair: Shape) -> int:
        """Projections, attention products, outer products and triangle products of every block."""
        m, z, a, b, o, t = self._widths()
        s, r = arrived[0], arrived[1]
        msa = 2 * 5 * s * r * m * a + 2 * s * r * r * a + 2 * r * s * s * a + 2 * self.transition * s * r * m * m
        outer = 2 * s * r * m * o + s * r * r * o * o + r * r * o * o * z
        product = r * r * (4 * z * t + z * z + t * z) + r**3 * t
        attention = r * r * (5 * z * b + z * self.pair_heads) + 2 * r**3 * b
        pairs = r * r * z * self.msa_heads + 2 * product + 2 * attention + 2 * self.transition * r * r * z * z
        return self.n_blocks * (msa + outer + pairs) + r * m * (self.single_channels or 0)
