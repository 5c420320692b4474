"""Feature pyramid network."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from netspec.errors import LayerError
from netspec.layers.base import Primitive, Several, Shape, Value
from netspec.layers.expect import expect_image


@dataclass(frozen=True)
class FeaturePyramid(Primitive):
    """Four backbone stages to four maps of equal width: ``{c2, c3, c4, c5} -> {p2, p3, p4, p5}``.

    Reads the tensors saved as ``c2`` to ``c5``. A 1×1 lateral convolution per stage, top-down addition with doubled
    sides (of which a row or column too many is left out, as torchvision's interpolation does), a 3×3 convolution per
    level; biases, no norms. Each level keeps the sides of its stage.

    Parameters with ``t = out``: ``(c2 + c3 + c4 + c5)·t + 4·t + 4·(9·t² + t)``.
    Source: Lin et al. 2016 (arXiv:1612.03144), fig. 3; book ch. 11, def. 92.
    """

    c2_channels: int
    c3_channels: int
    c4_channels: int
    c5_channels: int
    out_channels: int

    primitive = "fpn_module"

    @property
    def reads(self) -> tuple[str, ...]:
        """The four stages."""
        return ("c2", "c3", "c4", "c5")

    def _channels(self) -> tuple[int, ...]:
        return (self.c2_channels, self.c3_channels, self.c4_channels, self.c5_channels)

    def output_shape(self, arrived: Value, *read: Shape) -> Several:
        """Four levels; each stage must have its channels and half the sides of the one below, rounded up."""
        sides = [expect_image(stage, channels) for stage, channels in zip(read, self._channels(), strict=True)]
        for fine, coarse in pairwise(sides):
            if any(half != -(-side // 2) for side, half in zip(fine, coarse, strict=True)):
                expected = f"twice {coarse}, or one less"
                raise LayerError("pyramid stages do not fit", arrived=fine, expected=expected)
        return Several({f"p{2 + i}": (*side, self.out_channels) for i, side in enumerate(sides)})

    def params(self) -> int:
        """Four lateral and four smoothing convolutions with bias."""
        t = self.out_channels
        return sum(self._channels()) * t + 4 * t + 4 * (9 * t * t + t)

    def macs(self, arrived: Value, *read: Shape) -> int:
        """Both convolutions on every level."""
        t = self.out_channels
        return sum(stage[0] * stage[1] * (stage[2] * t + 9 * t * t) for stage in read)
