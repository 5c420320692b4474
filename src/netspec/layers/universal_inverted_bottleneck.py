"""Universal inverted bottleneck of MobileNet V4."""

from __future__ import annotations

from dataclasses import dataclass

from netspec.layers.base import Primitive, Shape
from netspec.layers.expect import expect_image, slide


@dataclass(frozen=True)
class UniversalInvertedBottleneck(Primitive):
    """One block with two optional depthwise convolutions: ``(H, W, in) -> (H/s, W/s, out)``.

    Depthwise ``first_kernel``, 1×1 expansion to ``m = expand·in``, depthwise ``second_kernel``, linear 1×1, each with
    BatchNorm; a kernel of 0 leaves that depthwise convolution out. The stride sits on the second depthwise
    convolution when there is one, else on the first, else on the expansion.

    Parameters: ``[a](in·a² + 2·in) + m·in + 2·m + [b](m·b² + 2·m) + out·m + 2·out`` for kernels ``a``, ``b``.
    Source: Qin et al. 2024 (arXiv:2404.10518); book Part 1.
    """

    in_channels: int
    out_channels: int
    expand: int
    stride: int
    first_kernel: int
    second_kernel: int

    primitive = "uib"
    may_be_zero = ("first_kernel", "second_kernel")

    def output_shape(self, arrived: Shape) -> Shape:
        """Padded, strided."""
        expect_image(arrived, self.in_channels)
        return (*slide(arrived, 1, self.stride, "same"), self.out_channels)

    def params(self) -> int:
        """Up to four convolutions with norms."""
        i, o, m = self.in_channels, self.out_channels, self.expand * self.in_channels
        a, b = self.first_kernel, self.second_kernel
        first = i * a * a + 2 * i if a else 0
        second = m * b * b + 2 * m if b else 0
        return first + m * i + 2 * m + second + o * m + 2 * o

    def macs(self, arrived: Shape) -> int:
        """All convolutions, each at the resolution it writes."""
        height, width, o = self.output_shape(arrived)
        after, before = height * width, arrived[0] * arrived[1]
        i, m = self.in_channels, self.expand * self.in_channels
        a, b = self.first_kernel, self.second_kernel
        middle = before if b else after
        return middle * (i * a * a + m * i) + after * (m * b * b + o * m)
