"""U-Net stages: a down stage leaves a skip, the matching up stage reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from netspec.errors import LayerError
from netspec.layers.base import SKIP, Primitive, Shape
from netspec.layers.expect import expect_even, expect_image


@dataclass(frozen=True)
class UNetDown(Primitive):
    """Two 3×3 convolutions with BatchNorm and ReLU, then a 2×2 max pool: ``(H, W, in) -> (H/2, W/2, out)``.

    The tensor before the pool is the skip for the matching :class:`UNetUp`. Parameters:
    ``9·in·out + 9·out² + 4·out``. Source: Ronneberger et al. 2015 (arXiv:1505.04597), fig. 1; book ch. 11, def. 95.
    """

    in_channels: int
    out_channels: int

    primitive = "unet_down"

    def saves(self, arrived: Shape) -> tuple[str, Shape]:
        """The full-resolution tensor, ``(H, W, out)``."""
        return SKIP, (*arrived[:2], self.out_channels)

    def output_shape(self, arrived: Shape) -> Shape:
        """Half the sides, which must be even so that the way up meets the skip."""
        height, width = expect_image(arrived, self.in_channels)
        expect_even(arrived, height, width, "to be halved and doubled back")
        return (height // 2, width // 2, self.out_channels)

    def params(self) -> int:
        """Two convolutions without bias, two norms."""
        i, o = self.in_channels, self.out_channels
        return 9 * i * o + 9 * o * o + 4 * o

    def macs(self, arrived: Shape) -> int:
        """Both convolutions at full resolution."""
        return arrived[0] * arrived[1] * 9 * self.out_channels * (self.in_channels + self.out_channels)


@dataclass(frozen=True)
class UNetUp(Primitive):
    """Double the sides, join the skip, two 3×3 convolutions: ``(H, W, in) -> (2H, 2W, out)``.

    ``upsample="bilinear"`` keeps the ``in`` channels; ``"transposed"`` is a 2×2 transposed convolution with bias to
    ``out`` channels. The skip has ``out`` channels unless ``skip_channels`` says otherwise; 0 means that there is
    none to read (a decoder alone).

    Parameters with ``a = in`` (bilinear) or ``out`` (transposed) and ``s`` skip channels:
    ``[transposed](4·in·out + out) + 9·(a + s)·out + 9·out² + 4·out``. The chapter always counts ``s = out``.
    Source: Ronneberger et al. 2015, fig. 1; book ch. 11, def. 96 (transposed) and 11.2.3 (bilinear).
    """

    in_channels: int
    out_channels: int
    upsample: Literal["bilinear", "transposed"] = "bilinear"
    skip_channels: int | None = None

    primitive = "unet_up"
    may_be_zero = ("skip_channels",)

    @property
    def skip(self) -> int:
        """Channels of the skip."""
        return self.out_channels if self.skip_channels is None else self.skip_channels

    @property
    def reads(self) -> tuple[str, ...]:
        """The latest open skip, if there is one to read."""
        return (SKIP,) if self.skip else ()

    def output_shape(self, arrived: Shape, *read: Shape) -> Shape:
        """Twice the sides; the skip must have just those and the expected channels."""
        height, width = expect_image(arrived, self.in_channels)
        for skip in read:
            if skip != (2 * height, 2 * width, self.skip):
                raise LayerError("unmatched skip", arrived=skip, expected=(2 * height, 2 * width, self.skip))
        return (2 * height, 2 * width, self.out_channels)

    def _count(self, skip: int) -> int:
        i, o = self.in_channels, self.out_channels
        up, joined = (4 * i * o + o, o + skip) if self.upsample == "transposed" else (0, i + skip)
        return up + 9 * joined * o + 9 * o * o + 4 * o

    def params(self) -> int:
        """The transposed convolution if there is one, two convolutions without bias, two norms."""
        return self._count(self.skip)

    def book_params(self) -> int:
        """The same with a skip of ``out`` channels, whether or not one arrives."""
        return self._count(self.out_channels)

    def macs(self, arrived: Shape, *read: Shape) -> int:
        """The transposed convolution at the low resolution, both convolutions at the high one."""
        low, i, o = arrived[0] * arrived[1], self.in_channels, self.out_channels
        up, joined = (4 * i * o, o + self.skip) if self.upsample == "transposed" else (0, i + self.skip)
        return low * up + 4 * low * 9 * o * (joined + o)
