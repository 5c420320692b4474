"""What all plain convolutions share: the shape they leave and what they cost."""

from __future__ import annotations

from typing import Literal

from netspec.errors import LayerError
from netspec.layers.base import Primitive, Shape
from netspec.layers.expect import expect_image, slide


class Convolution(Primitive):
    """A ``kernel × kernel`` convolution, ``(H, W, in) -> (H', W', out)``; what else it does is up to the subclass.

    ``padding="same"`` leaves ``ceil(n / stride)`` per side, ``"valid"`` only whole windows. ``transposed=True`` is the
    transposed convolution instead, ``(H, W, in) -> (stride·H, stride·W, out)``: the same kernel, the same count.
    Source: LeCun et al. 1998, Proc. IEEE 86(11); Dumoulin & Visin 2016 (arXiv:1603.07285) for the transposed one.
    """

    # Fields of every subclass, which decides their order and defaults.
    in_channels: int
    out_channels: int
    kernel: int
    stride: int
    padding: Literal["same", "valid"]
    transposed: bool

    def check(self) -> None:
        """Raise :class:`LayerError` for a transposed convolution without padding, which the language does not have."""
        super().check()
        if self.transposed and self.padding != "same":
            raise LayerError("a transposed convolution is padded", arrived=self.padding, expected="padding='same'")

    def output_shape(self, arrived: Shape) -> Shape:
        """As padding and stride leave it."""
        height, width = expect_image(arrived, self.in_channels)
        if self.transposed:
            return (self.stride * height, self.stride * width, self.out_channels)
        return (*slide(arrived, self.kernel, self.stride, self.padding), self.out_channels)

    def macs(self, arrived: Shape) -> int:
        """The kernel at every output position; at every input position of a transposed convolution."""
        height, width, _ = arrived if self.transposed else self.output_shape(arrived)
        return height * width * self.kernel**2 * self.in_channels * self.out_channels
