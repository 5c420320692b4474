"""Group normalisation on its own."""

from __future__ import annotations

from dataclasses import dataclass

from netspec.layers.activation import Activation
from netspec.layers.base import Primitive, Shape
from netspec.layers.expect import expect_divides, expect_image


@dataclass(frozen=True)
class GroupNorm(Primitive):
    """Normalised over positions and the channels of each group, then the activation: ``(H, W, C) -> (H, W, C)``.

    ``epsilon`` stands in place of the conventions'. Parameters: ``2·channels``. Source: Wu & He 2018
    (arXiv:1803.08494), eqs. 1, 6 and 7.
    """

    channels: int
    groups: int
    activation: Activation = "identity"
    epsilon: float | None = None

    primitive = "group_norm"

    def check(self) -> None:
        """Raise :class:`LayerError` when the groups do not divide the channels."""
        super().check()
        expect_divides(self.groups, self.channels, "groups do not divide the channels", "groups")

    def output_shape(self, arrived: Shape) -> Shape:
        """Unchanged."""
        expect_image(arrived, self.channels)
        return arrived

    def params(self) -> int:
        """Gain and shift."""
        return 2 * self.channels

    def macs(self, arrived: Shape) -> int:
        """None: normalisation does not count."""
        return 0
