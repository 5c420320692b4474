"""Basic residual blocks of ResNet-18 and ResNet-34."""

from __future__ import annotations

from dataclasses import dataclass

from netspec.layers.base import Primitive, Shape
from netspec.layers.expect import expect_divides, expect_image, slide
from netspec.layers.squeeze_excite import gate_macs, gate_params


@dataclass(frozen=True)
class ResidualBlock(Primitive):
    """``n_blocks`` basic blocks, ``x + BN(conv3×3(relu(BN(conv3×3(x)))))``, ReLU: ``(H, W, in) -> (H/s, W/s, out)``.

    Only the first block has stride ``s = first_stride`` and, when the shape changes, a projection shortcut (1×1
    convolution and BatchNorm). ``m = inner_channels`` between both convolutions are by default ``out``; both have
    ``groups``, and ``squeeze_excite`` is the reduction of a gate of the channels before the sum (Hu et al. 2017,
    arXiv:1709.01507).

    Parameters with ``o = out``: ``18·m·o/groups + 2·m + 2·o`` per block; the first, when it projects,
    ``9·(in + o)·m/groups + in·o + 2·m + 4·o``; a gate with ``q = o/reduction``, ``2·q·o + q + o``.
    Source: He et al. 2015 (arXiv:1512.03385), fig. 5 left; book ch. 6.
    """

    in_channels: int
    out_channels: int
    n_blocks: int
    first_stride: int
    groups: int = 1
    inner_channels: int | None = None
    squeeze_excite: int | None = None

    primitive = "residual_block"

    @property
    def projects(self) -> bool:
        """Whether the first block has a projection shortcut."""
        return self.in_channels != self.out_channels or self.first_stride != 1

    def check(self) -> None:
        """Raise :class:`LayerError` when the groups do not divide the channels that they read or leave."""
        super().check()
        for channels in (self.in_channels, self.inner, self.out_channels):
            expect_divides(self.groups, channels, "groups do not divide the channels", "groups")

    @property
    def inner(self) -> int:
        """Channels between both convolutions."""
        return self.out_channels if self.inner_channels is None else self.inner_channels

    def output_shape(self, arrived: Shape) -> Shape:
        """The first block strides, the rest keep the shape."""
        expect_image(arrived, self.in_channels)
        return (*slide(arrived, 3, self.first_stride, "same"), self.out_channels)

    def params(self) -> int:
        """Two convolutions and norms per block, the projection, and the gates."""
        i, o, m = self.in_channels, self.out_channels, self.inner
        inner = 18 * m * o // self.groups + 2 * m + 2 * o
        first = 9 * (i + o) * m // self.groups + i * o + 2 * m + 4 * o if self.projects else inner
        return first + (self.n_blocks - 1) * inner + self.n_blocks * gate_params(o, self.squeeze_excite)

    def macs(self, arrived: Shape) -> int:
        """All convolutions, at the resolution after the stride."""
        height, width, o = self.output_shape(arrived)
        i, m = self.in_channels, self.inner
        first = 9 * (i + o) * m // self.groups + (i * o if self.projects else 0)
        gates = self.n_blocks * gate_macs(o, self.squeeze_excite)
        return height * width * (first + (self.n_blocks - 1) * 18 * m * o // self.groups) + gates
