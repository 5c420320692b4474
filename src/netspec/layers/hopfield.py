"""Modern Hopfield network: an associative memory of learned patterns."""

from __future__ import annotations

from dataclasses import dataclass

from netspec.layers.base import Primitive, Shape
from netspec.layers.expect import expect_tokens


@dataclass(frozen=True)
class Hopfield(Primitive):
    """Each token retrieves from ``n_patterns`` learned patterns: ``(N, width) -> (N, width)``.

    Patterns and tokens are mapped into an association space of ``k = association_width``. There a token takes
    ``n_steps`` retrieval steps ``ξ ← X softmax(Xᵀ ξ / √k)``, and a map of what the last one retrieves leaves. One step
    is attention to the patterns; further ones descend the energy of the memory.

    Parameters: ``n_patterns·width + 2·(width·k + k) + k·width + width``. Source: Ramsauer et al. 2020
    (arXiv:2008.02217), eqs. 3 and 10, the layer with learned patterns of sec. 3.
    """

    width: int
    association_width: int
    n_patterns: int
    n_steps: int = 1

    primitive = "hopfield"

    def output_shape(self, arrived: Shape) -> Shape:
        """Unchanged."""
        expect_tokens(arrived, self.width)
        return arrived

    def params(self) -> int:
        """The patterns and the three maps."""
        d, k = self.width, self.association_width
        return self.n_patterns * d + 2 * (d * k + k) + k * d + d

    def macs(self, arrived: Shape) -> int:
        """The maps of tokens and patterns, and both products of every step."""
        n, d, k = expect_tokens(arrived, self.width), self.width, self.association_width
        return 2 * n * d * k + self.n_patterns * d * k + self.n_steps * 2 * n * self.n_patterns * k
