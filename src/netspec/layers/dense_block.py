"""DenseNet: dense block and transition."""

from __future__ import annotations

from dataclasses import dataclass

from netspec.errors import LayerError
from netspec.layers.base import Primitive, Shape
from netspec.layers.expect import expect_image


@dataclass(frozen=True)
class DenseBlock(Primitive):
    """``n_layers`` of BatchNorm-ReLU-1×1 to ``q·g``-BatchNorm-ReLU-3×3 to ``g``, each reading all before it.

    ``(H, W, in) -> (H, W, in + n_layers·g)`` with growth rate ``g`` and ``q = bottleneck``. Convolutions carry biases
    by default.

    Parameters: ``Σ_{i < n_layers} (2·c + 4·c·g + 36·g² + 13·g)`` with ``c = in + i·g`` and four, and ``5·g`` fewer
    without ``bias``. Source: Huang et al. 2016 (arXiv:1608.06993), table 1; book ch. 11, def. 83.
    """

    in_channels: int
    growth_rate: int
    n_layers: int
    bottleneck: int = 4
    bias: bool = True

    primitive = "dense_block"

    def output_shape(self, arrived: Shape) -> Shape:
        """Everything so far, concatenated."""
        height, width = expect_image(arrived, self.in_channels)
        return (height, width, self.in_channels + self.n_layers * self.growth_rate)

    @property
    def _widths(self) -> range:
        end = self.in_channels + self.n_layers * self.growth_rate
        return range(self.in_channels, end, self.growth_rate)

    def params(self) -> int:
        """Two norms and two convolutions per layer."""
        g, wide = self.growth_rate, self.bottleneck * self.growth_rate
        biases = wide + g if self.bias else 0
        return sum(2 * c + c * wide + 2 * wide + 9 * wide * g + biases for c in self._widths)

    def macs(self, arrived: Shape) -> int:
        """Two convolutions per layer."""
        g, wide = self.growth_rate, self.bottleneck * self.growth_rate
        return arrived[0] * arrived[1] * sum(c * wide + 9 * wide * g for c in self._widths)


@dataclass(frozen=True)
class TransitionLayer(Primitive):
    """BatchNorm, 1×1 convolution, 2×2 average pool: ``(H, W, in) -> (H/2, W/2, out)``, an odd side rounded down.

    Parameters: ``2·in + in·out + [bias] out``. Source: Huang et al. 2016 (arXiv:1608.06993), sec. 3; book ch. 11,
    def. 84.
    """

    in_channels: int
    out_channels: int
    bias: bool = True

    primitive = "transition_layer"

    def output_shape(self, arrived: Shape) -> Shape:
        """Half the sides, which are at least two."""
        height, width = expect_image(arrived, self.in_channels)
        if min(height, width) < 2:
            raise LayerError("nothing to halve", arrived=arrived, expected="sides of at least 2")
        return (height // 2, width // 2, self.out_channels)

    def params(self) -> int:
        """Norm, kernel, bias."""
        return 2 * self.in_channels + self.in_channels * self.out_channels + (self.out_channels if self.bias else 0)

    def macs(self, arrived: Shape) -> int:
        """The convolution, before the pool."""
        return arrived[0] * arrived[1] * self.in_channels * self.out_channels
