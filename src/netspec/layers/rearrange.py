"""Layers that move, cut and add scalars of an image, and compute nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from netspec.errors import LayerError
from netspec.layers.base import Free, Shape, Value
from netspec.layers.expect import expect_divides, expect_image, expect_one


@dataclass(frozen=True)
class Channels(Free):
    """Some of the channels, ``(…, C) -> (…, stop − start)``, from ``start`` on, before ``stop``. No parameters.

    Source: Ma et al. 2018 (arXiv:1807.11164), sec. 3.2 (channel split); Wang et al. 2019 (arXiv:1911.11929).
    """

    start: int
    stop: int

    primitive = "channels"
    may_be_zero = ("start",)

    def check(self) -> None:
        """Raise :class:`LayerError` when none are left."""
        super().check()
        if self.start >= self.stop:
            raise LayerError("no channels", arrived=f"{self.start} to {self.stop}", expected="start before stop")

    def output_shape(self, arrived: Shape) -> Shape:
        """As many channels; raises :class:`LayerError` when there are not."""
        shape = expect_one(arrived)
        if shape[-1] < self.stop:
            raise LayerError("too few channels", arrived=arrived, expected=f"at least {self.stop}")
        return (*shape[:-1], self.stop - self.start)


@dataclass(frozen=True)
class ShuffleChannels(Free):
    """Deals the channels of each group in turn: ``(…, C) -> (…, C)``. No parameters.

    Channel ``i`` of group ``g`` comes to place ``i·groups + g``. Source: Zhang et al. 2017 (arXiv:1707.01083), fig. 1.
    """

    groups: int

    primitive = "shuffle_channels"

    def output_shape(self, arrived: Shape) -> Shape:
        """Unchanged; the groups must divide the channels."""
        shape = expect_one(arrived)
        expect_divides(self.groups, shape[-1], "groups do not divide the channels", "groups")
        return shape


@dataclass(frozen=True)
class PadChannels(Free):
    """Channels of zeros in front and behind: ``(…, C) -> (…, before + C + after)``. No parameters.

    Source: He et al. 2015 (arXiv:1512.03385), sec. 3.3, shortcut (A).
    """

    before: int
    after: int

    primitive = "pad_channels"
    may_be_zero = ("before", "after")

    def output_shape(self, arrived: Shape) -> Shape:
        """More channels."""
        shape = expect_one(arrived)
        return (*shape[:-1], self.before + shape[-1] + self.after)


@dataclass(frozen=True)
class PadImage(Free):
    """Rows and columns added on the four sides: ``(H, W, C) -> (top + H + bottom, left + W + right, C)``.

    They are zeros, the image mirrored at its outermost pixels (``"reflect"``), or these repeated (``"edge"``). No
    parameters. Source: Zhu et al. 2017 (arXiv:1703.10593), app. 7.2, for reflection.
    """

    top: int
    bottom: int
    left: int
    right: int
    mode: Literal["zeros", "reflect", "edge"] = "zeros"

    primitive = "pad_image"
    may_be_zero = ("top", "bottom", "left", "right")

    def output_shape(self, arrived: Shape) -> Shape:
        """Longer sides; raises :class:`LayerError` when there is too little to mirror."""
        shape = expect_one(arrived)
        height, width = expect_image(shape, shape[-1])
        if self.mode == "reflect" and (max(self.top, self.bottom) >= height or max(self.left, self.right) >= width):
            raise LayerError("too little to mirror", arrived=arrived, expected="sides longer than what is added")
        return (self.top + height + self.bottom, self.left + width + self.right, shape[-1])


@dataclass(frozen=True)
class Crop(Free):
    """Rows and columns cut from the four sides: ``(H, W, C) -> (H − top − bottom, W − left − right, C)``.

    No parameters. Source: Ronneberger et al. 2015 (arXiv:1505.04597), fig. 1 (copy and crop).
    """

    top: int
    bottom: int
    left: int
    right: int

    primitive = "crop"
    may_be_zero = ("top", "bottom", "left", "right")

    def output_shape(self, arrived: Shape) -> Shape:
        """Shorter sides; raises :class:`LayerError` when nothing is left."""
        shape = expect_one(arrived)
        height, width = expect_image(shape, shape[-1])
        left = (height - self.top - self.bottom, width - self.left - self.right, shape[-1])
        if min(left) < 1:
            raise LayerError("nothing left", arrived=arrived, expected="sides longer than what is cut")
        return left


@dataclass(frozen=True)
class JoinCropped(Free):
    """The middle of a saved image, behind the channels that arrive: ``(H, W, a), (H', W', b) -> (H, W, b + a)``.

    ``first`` says which channels come first. An odd row or column more is cut from the end. With ``fit="pad"`` zeros
    are put around what arrives instead, and the sides that were saved leave. No parameters.
    Source: Ronneberger et al. 2015 (arXiv:1505.04597), fig. 1 (copy and crop).
    """

    name: str
    first: Literal["saved", "arrived"] = "saved"
    fit: Literal["crop", "pad"] = "crop"

    primitive = "join_cropped"

    @property
    def reads(self) -> tuple[str, ...]:
        """The saved name."""
        return (self.name,)

    def output_shape(self, arrived: Value, saved: Value) -> Value:
        """The sides that arrive, or the saved ones; raises :class:`LayerError` when these are shorter."""
        shape, kept = expect_one(arrived), expect_one(saved)
        height, width = expect_image(shape, shape[-1])
        expect_image(kept, kept[-1])
        if kept[0] < height or kept[1] < width:
            raise LayerError("nothing to crop", arrived=saved, expected=f"sides of at least {height}×{width}")
        sides = kept[:2] if self.fit == "pad" else (height, width)
        return (*sides, kept[-1] + shape[-1])


@dataclass(frozen=True)
class DepthToSpace(Free):
    """Channels to positions: ``(H, W, C) -> (scale·H, scale·W, C/scale²)``. No parameters.

    Channel ``c·scale² + i·scale + j`` of a position becomes channel ``c`` of its pixel ``(i, j)``; with
    ``first="pixels"`` channel ``(i·scale + j)·C/scale² + c`` does, as where patches are put together again.
    Source: Shi et al. 2016 (arXiv:1609.05158), eq. 4.
    """

    scale: int
    first: Literal["channels", "pixels"] = "channels"

    primitive = "depth_to_space"

    def output_shape(self, arrived: Shape) -> Shape:
        """More positions of fewer channels."""
        shape = expect_one(arrived)
        height, width = expect_image(shape, shape[-1])
        expect_divides(self.scale**2, shape[-1], "the channels do not fill the pixels", "pixels")
        return (self.scale * height, self.scale * width, shape[-1] // self.scale**2)


@dataclass(frozen=True)
class SpaceToDepth(Free):
    """Positions to channels, the inverse of :class:`DepthToSpace`: ``(H, W, C) -> (H/scale, W/scale, scale²·C)``.

    No parameters. Source: Redmon & Farhadi 2016 (arXiv:1612.08242), sec. 2 (passthrough).
    """

    scale: int

    primitive = "space_to_depth"

    def output_shape(self, arrived: Shape) -> Shape:
        """Fewer positions of more channels."""
        shape = expect_one(arrived)
        height, width = expect_image(shape, shape[-1])
        if height % self.scale or width % self.scale:
            raise LayerError("pixels do not fit", arrived=arrived, expected=f"sides divisible by {self.scale}")
        return (height // self.scale, width // self.scale, self.scale**2 * shape[-1])


@dataclass(frozen=True)
class ExpectedBin(Free):
    """The mean of ``0 … bins − 1`` under the softmax of every ``bins`` channels: ``(…, n·bins) -> (…, n)``.

    No parameters; code that has this as a convolution counts its ``bins`` constants as such.
    Source: Li et al. 2020 (arXiv:2006.04388), eq. 5.
    """

    bins: int

    primitive = "expected_bin"

    def output_shape(self, arrived: Shape) -> Shape:
        """One number per distribution."""
        shape = expect_one(arrived)
        expect_divides(self.bins, shape[-1], "the bins do not divide the channels", "bins")
        return (*shape[:-1], shape[-1] // self.bins)
