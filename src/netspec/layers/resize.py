"""Images in other sizes: nearest, bilinear or bicubic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from netspec.layers.base import Free, Shape, Value
from netspec.layers.expect import expect_image, expect_one
from netspec.layers.window import Pair, both

#: Nearest: output ``i`` of ``m`` reads input ``floor(i·n/m)`` of ``n``. The others interpolate where the conventions'
#: ``resize`` says that pixels lie, without smoothing what is made smaller; bicubic by Keys' kernel with ``a = −0.75``.
Method = Literal["nearest", "bilinear", "bicubic"]


@dataclass(frozen=True)
class NearestUpsample(Free):
    """Each pixel ``scale`` times in both directions: ``(H, W, C) -> (scale·H, scale·W, C)``. No parameters.

    Source: Redmon & Farhadi 2018 (arXiv:1804.02767), sec. 2.3; Lin et al. 2016 (arXiv:1612.03144), sec. 3.
    """

    scale: Pair = 2

    primitive = "nearest_upsample"

    def output_shape(self, arrived: Shape) -> Shape:
        """Longer sides."""
        shape = expect_one(arrived)
        height, width = expect_image(shape, shape[-1])
        down, across = both(self.scale)
        return (down * height, across * width, shape[-1])


@dataclass(frozen=True)
class Resize(Free):
    """The image in a given size: ``(H, W, C) -> (*size, C)``. No parameters.

    Source: Long et al. 2014 (arXiv:1411.4038), sec. 3.3; Keys 1981, IEEE Trans. ASSP 29(6), for bicubic.
    """

    size: Pair
    method: Method = "bilinear"

    primitive = "resize"

    def output_shape(self, arrived: Shape) -> Shape:
        """``size``, the same channels."""
        shape = expect_one(arrived)
        expect_image(shape, shape[-1])
        return (*both(self.size), shape[-1])


@dataclass(frozen=True)
class ResizeLike(Free):
    """The image in the sides of a saved one: ``(H, W, C), (H', W', …) -> (H', W', C)``. No parameters.

    Source: Lin et al. 2016 (arXiv:1612.03144), sec. 3, as code has it for images of any size.
    """

    name: str
    method: Method = "nearest"

    primitive = "resize_like"

    @property
    def reads(self) -> tuple[str, ...]:
        """The saved name."""
        return (self.name,)

    def output_shape(self, arrived: Value, saved: Value) -> Value:
        """The sides of the saved image, the channels that arrive."""
        shape, kept = expect_one(arrived), expect_one(saved)
        expect_image(shape, shape[-1])
        expect_image(kept, kept[-1])
        return (*kept[:2], shape[-1])
