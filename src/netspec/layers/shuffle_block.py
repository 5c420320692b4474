"""ShuffleNet stages, version 1 and 2."""

from __future__ import annotations

from dataclasses import dataclass

from netspec.errors import LayerError
from netspec.layers.base import Primitive, Shape
from netspec.layers.expect import expect_image, slide


@dataclass(frozen=True)
class ShuffleBlock(Primitive):
    """``n_units`` ShuffleNet v1 units: ``(H, W, in) -> (H/2, W/2, out)``.

    A unit is a grouped 1×1 convolution to ``m = out/4``, channel shuffle, 3×3 depthwise, grouped 1×1, with BatchNorms.
    The first strides: its convolutions lead to ``out − in`` channels, which are concatenated with the average-pooled
    input; the others add to their input.

    Parameters per unit reading ``i``: ``i·m/groups + m·o/groups + 13·m + 2·o``, with ``o = out − in`` in the first.
    The chapter counts ``o = out`` there too. Source: Zhang et al. 2017 (arXiv:1707.01083), fig. 2; book ch. 11,
    def. 85.
    """

    in_channels: int
    out_channels: int
    groups: int
    n_units: int

    primitive = "shuffle_block"

    def check(self) -> None:
        """Raise :class:`LayerError` when a grouped convolution would have broken groups."""
        super().check()
        if self.out_channels <= self.in_channels:
            arrived = f"{self.in_channels} to {self.out_channels} channels"
            raise LayerError("the first unit concatenates its input", arrived=arrived, expected="more channels out")
        for what, channels in (("input", self.in_channels), ("bottleneck", self.middle), ("output", self.out_channels)):
            if channels % self.groups:
                arrived = f"{self.groups} groups for {channels} {what} channels"
                raise LayerError("groups do not divide the channels", arrived=arrived, expected="a divisor")

    @property
    def middle(self) -> int:
        """Bottleneck width."""
        return max(1, self.out_channels // 4)

    def output_shape(self, arrived: Shape) -> Shape:
        """The first unit strides, the rest keep the shape."""
        expect_image(arrived, self.in_channels)
        return (*slide(arrived, 3, 2, "same"), self.out_channels)

    def _unit(self, i: int, o: int) -> int:
        m, g = self.middle, self.groups
        return i * m // g + m * o // g + 13 * m + 2 * o

    def params(self) -> int:
        """Three convolutions with norms per unit."""
        i, o = self.in_channels, self.out_channels
        return self._unit(i, o - i) + (self.n_units - 1) * self._unit(o, o)

    def book_params(self) -> int:
        """The first unit as wide as the others."""
        i, o = self.in_channels, self.out_channels
        return self._unit(i, o) + (self.n_units - 1) * self._unit(o, o)

    def macs(self, arrived: Shape) -> int:
        """Three convolutions per unit; the very first runs at the resolution that arrives."""
        height, width, o = self.output_shape(arrived)
        i, m, g, after = self.in_channels, self.middle, self.groups, height * width
        first = arrived[0] * arrived[1] * i * m // g + after * (9 * m + m * (o - i) // g)
        return first + (self.n_units - 1) * after * (2 * o * m // g + 9 * m)


@dataclass(frozen=True)
class ShuffleV2Block(Primitive):
    """``n_units`` ShuffleNet v2 units: ``(H, W, in) -> (H/2, W/2, out)``; all convolutions have BatchNorms.

    The first unit sends the input down two paths to ``h = out/2`` channels each, 3×3 depthwise of stride 2 then 1×1,
    and 1×1, 3×3 depthwise of stride 2, 1×1; the others split the channels and transform one half (1×1, 3×3 depthwise,
    1×1). Then concatenation and channel shuffle.

    Parameters: ``11·in + 2·in·h + h² + 17·h`` for the first, ``2·h² + 15·h`` for the others. The chapter's formula,
    ``12·in + in·out + 11·out + out²/4`` and ``out²/2 + 19·out/2``, is no set of tensors.
    Source: Ma et al. 2018 (arXiv:1807.11164), fig. 3c-d; book ch. 11, def. 86.
    """

    in_channels: int
    out_channels: int
    n_units: int

    primitive = "shuffle_v2_block"

    def check(self) -> None:
        """Raise :class:`LayerError` when the channels cannot be split into halves."""
        super().check()
        if self.out_channels % 2:
            raise LayerError("channels are split in half", arrived=self.out_channels, expected="an even out_channels")

    def output_shape(self, arrived: Shape) -> Shape:
        """The first unit strides, the rest keep the shape."""
        expect_image(arrived, self.in_channels)
        return (*slide(arrived, 3, 2, "same"), self.out_channels)

    def params(self) -> int:
        """Five convolutions with norms in the first unit, three in each of the others."""
        i, h = self.in_channels, self.out_channels // 2
        return 11 * i + 2 * i * h + h * h + 17 * h + (self.n_units - 1) * (2 * h * h + 15 * h)

    def book_params(self) -> int:
        """The chapter's formula, with integer division."""
        i, o = self.in_channels, self.out_channels
        first = 12 * i + i * o + 11 * o + o * o // 4
        return first + (self.n_units - 1) * (o * o // 2 + 19 * o // 2)

    def macs(self, arrived: Shape) -> int:
        """All convolutions; the first 1×1 of the first unit's right path runs at the resolution that arrives."""
        height, width, _ = self.output_shape(arrived)
        i, h, after = self.in_channels, self.out_channels // 2, height * width
        first = arrived[0] * arrived[1] * i * h + after * (9 * i + i * h + 9 * h + h * h)
        return first + (self.n_units - 1) * after * (2 * h * h + 9 * h)
