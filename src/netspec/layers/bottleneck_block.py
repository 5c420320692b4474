"""Bottleneck residual blocks of ResNet-50 and deeper."""

from __future__ import annotations

from dataclasses import dataclass

from netspec.errors import LayerError
from netspec.layers.base import Primitive, Shape
from netspec.layers.expect import expect_divides, expect_image, slide
from netspec.layers.squeeze_excite import gate_macs, gate_params


@dataclass(frozen=True)
class BottleneckBlock(Primitive):
    """``n_blocks`` of 1×1 to ``m``, 3×3, 1×1 to ``out``, each with BatchNorm, around a shortcut.

    ``(H, W, in) -> (H/s, W/s, out)``. The stride ``s = first_stride`` sits on the first 3×3; the first shortcut
    projects when the shape changes. ``m = inner_channels`` is by default a quarter of ``out``, the 3×3 has ``groups``
    (ResNeXt's cardinality, Xie et al. 2016, arXiv:1611.05431, fig. 3c), and ``squeeze_excite`` is the reduction of a
    gate of the channels before the sum (Hu et al. 2017, arXiv:1709.01507, fig. 3).

    Parameters: ``2·m·out + 9·m²/groups + 4·m + 2·out`` per block; the first, when it projects,
    ``m·in + 9·m²/groups + m·out + in·out + 4·m + 4·out``; a gate with ``q = out/reduction``, ``2·q·out + q + out``.
    Source: He et al. 2015 (arXiv:1512.03385), fig. 5 right; the stride as in torchvision; book ch. 11, ResNet.
    """

    in_channels: int
    out_channels: int
    n_blocks: int
    first_stride: int
    groups: int = 1
    inner_channels: int | None = None
    squeeze_excite: int | None = None

    primitive = "bottleneck_block"

    @property
    def projects(self) -> bool:
        """Whether the first block has a projection shortcut."""
        return self.in_channels != self.out_channels or self.first_stride != 1

    def check(self) -> None:
        """Raise :class:`LayerError` when the bottleneck width is not whole, or not divided by the groups."""
        super().check()
        if self.inner_channels is None and self.out_channels % 4:
            problem = "the bottleneck is a quarter of the output"
            raise LayerError(problem, arrived=f"out_channels={self.out_channels}", expected="a multiple of 4")
        expect_divides(self.groups, self.inner, "groups do not divide the bottleneck", "groups")

    @property
    def inner(self) -> int:
        """Channels of the 3×3 convolution."""
        return self.out_channels // 4 if self.inner_channels is None else self.inner_channels

    def output_shape(self, arrived: Shape) -> Shape:
        """The first block strides, the rest keep the shape."""
        expect_image(arrived, self.in_channels)
        return (*slide(arrived, 3, self.first_stride, "same"), self.out_channels)

    def params(self) -> int:
        """Three convolutions and norms per block, the projection, and the gates."""
        i, o, m = self.in_channels, self.out_channels, self.inner
        middle, gate = 9 * m * m // self.groups, gate_params(o, self.squeeze_excite)
        inner = 2 * m * o + middle + 4 * m + 2 * o
        first = m * i + middle + m * o + i * o + 4 * m + 4 * o if self.projects else inner
        return first + (self.n_blocks - 1) * inner + self.n_blocks * gate

    def macs(self, arrived: Shape) -> int:
        """All convolutions; the very first 1×1 still runs at the resolution that arrives."""
        height, width, o = self.output_shape(arrived)
        i, m, positions = self.in_channels, self.inner, height * width
        middle, gates = 9 * m * m // self.groups, self.n_blocks * gate_macs(o, self.squeeze_excite)
        first = arrived[0] * arrived[1] * i * m + positions * (middle + m * o + (i * o if self.projects else 0))
        return first + (self.n_blocks - 1) * positions * (2 * m * o + middle) + gates
