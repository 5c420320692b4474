"""ConvNeXt: patchify stem, stage of inverted-bottleneck blocks, downsampling between stages."""

from __future__ import annotations

from dataclasses import dataclass

from netspec.errors import LayerError
from netspec.layers.base import Primitive, Shape
from netspec.layers.expect import expect_image


@dataclass(frozen=True)
class ConvNeXtStem(Primitive):
    """``patch × patch`` convolution of that stride with bias, then LayerNorm: ``(H, W, in) -> (H/p, W/p, out)``.

    A rest of a patch is left out, as in timm and torchvision.

    Parameters: ``out·in·patch² + 3·out``. Source: Liu et al. 2022 (arXiv:2201.03545), sec. 2.2; book ch. 9.
    """

    in_channels: int
    out_channels: int
    patch: int

    primitive = "conv_next_stem"

    def output_shape(self, arrived: Shape) -> Shape:
        """One position per whole patch."""
        height, width = expect_image(arrived, self.in_channels)
        if min(height, width) < self.patch:
            raise LayerError("no whole patch", arrived=arrived, expected=f"sides of at least {self.patch}")
        return (height // self.patch, width // self.patch, self.out_channels)

    def params(self) -> int:
        """Kernel, bias, norm."""
        return self.out_channels * self.in_channels * self.patch**2 + 3 * self.out_channels

    def macs(self, arrived: Shape) -> int:
        """The convolution: every pixel of a whole patch is read once per output channel."""
        rows, columns, _ = self.output_shape(arrived)
        return rows * columns * self.patch**2 * self.in_channels * self.out_channels


@dataclass(frozen=True)
class ConvNeXtStage(Primitive):
    """``n_blocks`` of 7×7 depthwise, LayerNorm, 1×1 to ``4c``, GELU, 1×1 to ``c``, layer scale, residual.

    ``(H, W, c) -> (H, W, c)``. Parameters per block: ``8·c² + 58·c``, that is depthwise ``50·c``, norm ``2·c``,
    ``4·c² + 4·c``, ``4·c² + c``, layer scale ``c``. Source: Liu et al. 2022 (arXiv:2201.03545), fig. 4; book ch. 9.
    """

    channels: int
    n_blocks: int

    primitive = "conv_next_stage"

    def output_shape(self, arrived: Shape) -> Shape:
        """Unchanged."""
        expect_image(arrived, self.channels)
        return arrived

    def params(self) -> int:
        """Depthwise and two pointwise convolutions with bias, norm, layer scale."""
        return self.n_blocks * (8 * self.channels**2 + 58 * self.channels)

    def macs(self, arrived: Shape) -> int:
        """The three convolutions of every block."""
        return self.n_blocks * arrived[0] * arrived[1] * (49 * self.channels + 8 * self.channels**2)


@dataclass(frozen=True)
class ConvNeXtDownsample(Primitive):
    """LayerNorm, then a 2×2 convolution of stride 2 with bias: ``(H, W, in) -> (H/2, W/2, out)``.

    The last row or column of an odd side is left out, as in timm and torchvision.

    Parameters: ``2·in + 4·in·out + out``. Source: Liu et al. 2022 (arXiv:2201.03545), sec. 2.6; book ch. 9.
    """

    in_channels: int
    out_channels: int

    primitive = "conv_next_downsample"

    def output_shape(self, arrived: Shape) -> Shape:
        """Half the sides, which are at least two."""
        height, width = expect_image(arrived, self.in_channels)
        if min(height, width) < 2:
            raise LayerError("nothing to halve", arrived=arrived, expected="sides of at least 2")
        return (height // 2, width // 2, self.out_channels)

    def params(self) -> int:
        """Norm, kernel, bias."""
        return 2 * self.in_channels + 4 * self.in_channels * self.out_channels + self.out_channels

    def macs(self, arrived: Shape) -> int:
        """The convolution: every pixel of a whole pair is read once per output channel."""
        rows, columns, _ = self.output_shape(arrived)
        return 4 * rows * columns * self.in_channels * self.out_channels
