"""What all plain convolutions share: the shape they leave and what they cost."""

from __future__ import annotations

from netspec.errors import LayerError
from netspec.layers.base import Primitive, Shape
from netspec.layers.expect import expect_divides, expect_image
from netspec.layers.window import Padding, Pair, area, both, left_by, sides


class Convolution(Primitive):
    """A convolution, ``(H, W, in) -> (H', W', out)``; what else it does is up to the subclass.

    ``kernel``, ``stride`` and ``dilation`` are for both axes or one each, ``(1, 7)``. ``padding="same"`` leaves
    ``ceil(n / stride)`` per side, ``"valid"`` only whole windows, numbers what they leave (see
    :data:`netspec.layers.window.Padding`). Each of ``groups`` reads ``in/groups`` channels and writes ``out/groups``.

    ``transposed=True`` is the transposed convolution instead, with the same kernel and count, ``(H, W, in) ->
    (stride·H, stride·W, out)``; with ``padding`` as numbers, ``n' = stride·(n − 1) + dilation·(kernel − 1) + 1 −
    padding + output_padding``, the last of which adds rows below and columns to the right that the kernel reaches.

    Source: LeCun et al. 1998, Proc. IEEE 86(11); Dumoulin & Visin 2016 (arXiv:1603.07285) for the transposed one;
    Krizhevsky et al. 2012, sec. 3.5, for groups; Yu & Koltun 2015 (arXiv:1511.07122) for dilation.
    """

    may_be_zero = ("padding", "output_padding")

    # Fields of every subclass, which decides their order and defaults.
    in_channels: int
    out_channels: int
    kernel: Pair
    stride: Pair
    padding: Padding
    transposed: bool
    groups: int
    dilation: Pair
    bias: bool
    output_padding: Pair

    def check(self) -> None:
        """Raise :class:`LayerError` for groups that do not divide the channels, and a padding that cannot be."""
        super().check()
        for channels in (self.in_channels, self.out_channels):
            expect_divides(self.groups, channels, "groups do not divide the channels", "groups")
        if self.transposed and self.padding == "valid":
            expected = "padding='same', or numbers"
            raise LayerError("a transposed convolution is padded", arrived=self.padding, expected=expected)
        if self.output_padding != 0 and (not self.transposed or isinstance(self.padding, str)):
            expected = "transposed=True and padding as numbers"
            raise LayerError("nothing to add to the output", arrived=self.output_padding, expected=expected)
        square = isinstance(self.kernel, int) and isinstance(self.stride, int)
        if self.transposed and self.padding == "same" and not (square and self.groups == self.dilation == 1):
            expected = "padding as numbers for groups, dilation and two sizes"
            raise LayerError("a transposed convolution needs its padding", arrived=self.padding, expected=expected)
        if any(
            added and added >= step for added, step in zip(both(self.output_padding), both(self.stride), strict=True)
        ):
            expected = f"less than the stride, {self.stride}"
            raise LayerError("too much added to the output", arrived=self.output_padding, expected=expected)

    def output_shape(self, arrived: Shape) -> Shape:
        """As padding and stride leave it."""
        height, width = expect_image(arrived, self.in_channels)
        if not self.transposed:
            return (*left_by(arrived, self.kernel, self.stride, self.padding, self.dilation), self.out_channels)
        steps = both(self.stride)
        if self.padding == "same":
            return (steps[0] * height, steps[1] * width, self.out_channels)
        left = [
            step * (n - 1) + hole * (size - 1) + 1 - sum(cut) + added
            for n, step, size, hole, cut, added in zip(
                (height, width),
                steps,
                both(self.kernel),
                both(self.dilation),
                sides(self.padding),
                both(self.output_padding),
                strict=True,
            )
        ]
        if min(left) < 1:
            raise LayerError("the padding leaves nothing", arrived=arrived, expected="more positions, or less padding")
        return (left[0], left[1], self.out_channels)

    def kernel_params(self) -> int:
        """Those of the kernel and, if there is one, the bias."""
        kernel = self.out_channels * self.in_channels // self.groups * area(self.kernel)
        return kernel + (self.out_channels if self.bias else 0)

    def macs(self, arrived: Shape) -> int:
        """The kernel at every output position; at every input position of a transposed convolution."""
        height, width, _ = arrived if self.transposed else self.output_shape(arrived)
        return height * width * area(self.kernel) * (self.in_channels // self.groups) * self.out_channels
