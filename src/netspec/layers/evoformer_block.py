"""Evoformer of AlphaFold 2."""

from __future__ import annotations

from dataclasses import dataclass

from netspec.errors import LayerError
from netspec.layers.base import Primitive, Several, Shape
from netspec.layers.expect import expect_image

#: Published widths that the chapter's signature leaves open: heads of the MSA and of the triangle attention and their
#: width, the outer-product mean, the triangle products, and how much wider a transition is.
MSA_HEADS, PAIR_HEADS, HEAD_WIDTH, OUTER, TRIANGLE, TRANSITION = 8, 4, 32, 32, 128, 4


@dataclass(frozen=True)
class EvoformerBlock(Primitive):
    """``n_blocks`` joint updates of alignment and pairs, then the single representation.

    ``(sequences, residues, msa_channels)``, with the pairs ``(residues, residues, pair_channels)`` saved or given as
    ``pair``, ``-> {single: (residues, single_channels), pair: (residues, residues, pair_channels)}``. A block is
    row attention with pair bias, column attention, transition, outer-product mean, two triangle products, two
    triangle attentions, transition; the single representation is a linear map of the first sequence.

    Parameters: the tensors of algorithms 6 to 15 with the published inner widths. The chapter's formula is an
    approximation: ``n_blocks·(16·cm² + cm²·cz/32 + 16·cz²)``.
    Source: Jumper et al. 2021, Nature 596, suppl. 1.6; book ch. 11, def. 102.
    """

    msa_channels: int
    pair_channels: int
    n_blocks: int
    single_channels: int = 384
    pair: str = "pair"

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
        return Several({"single": (residues, self.single_channels), "pair": pair})

    def params(self) -> int:
        """All blocks and the single projection."""
        m, z, a, b, o, t = self._widths()
        row = 2 * m + 2 * z + z * MSA_HEADS + 4 * m * a + a + a * m + m
        column = 2 * m + 4 * m * a + a + a * m + m
        outer = 2 * m + 2 * (m * o + o) + o * o * z + z
        product = 2 * z + 2 * t + 4 * (z * t + t) + z * z + z + t * z + z
        attention = 2 * z + z * PAIR_HEADS + 4 * z * b + b + b * z + z
        transitions = sum(2 * c + 2 * TRANSITION * c * c + TRANSITION * c + c for c in (m, z))
        block = row + column + outer + 2 * product + 2 * attention + transitions
        return self.n_blocks * block + m * self.single_channels + self.single_channels

    def _widths(self) -> tuple[int, int, int, int, int, int]:
        return self.msa_channels, self.pair_channels, MSA_HEADS * HEAD_WIDTH, PAIR_HEADS * HEAD_WIDTH, OUTER, TRIANGLE

    def book_params(self) -> int:
        """The chapter's approximation."""
        m, z = self.msa_channels, self.pair_channels
        return self.n_blocks * (16 * m * m + m * m * z // 32 + 16 * z * z)

    def macs(self, arrived: Shape, pair: Shape) -> int:
        """Projections, attention products, outer products and triangle products of every block."""
        m, z, a, b, o, t = self._widths()
        s, r = arrived[0], arrived[1]
        msa = 2 * 5 * s * r * m * a + 2 * s * r * r * a + 2 * r * s * s * a + 2 * TRANSITION * s * r * m * m
        outer = 2 * s * r * m * o + s * r * r * o * o + r * r * o * o * z
        product = r * r * (4 * z * t + z * z + t * z) + r**3 * t
        attention = r * r * (5 * z * b + z * PAIR_HEADS) + 2 * r**3 * b
        pairs = r * r * z * MSA_HEADS + 2 * product + 2 * attention + 2 * TRANSITION * r * r * z * z
        return self.n_blocks * (msa + outer + pairs) + r * m * self.single_channels
