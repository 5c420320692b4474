"""Where things are in an image: coordinates of pixels and points, and features of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from netspec.layers.base import Free, Primitive, Shape
from netspec.layers.expect import expect_divides, expect_image, expect_last_axis, expect_one


@dataclass(frozen=True)
class GridPositions(Free):
    """Sines and cosines of both coordinates of each position in place of what is there: ``(H, W, C) -> (H, W, width)``.

    ``"scaled"``: rows and then columns, counted from 1 and scaled so that the last is 2π, a sine and a cosine of each
    frequency in turn (Carion et al. 2020, arXiv:2005.12872, app. A.4, and released code). ``"counted"``: columns and
    then rows, counted from 0, all sines before all cosines (He et al. 2021, arXiv:2111.06377, released code, which the
    code of DiT has as well). Frequencies fall from 1 towards 1/10000. No parameters.
    """

    width: int
    kind: Literal["scaled", "counted"] = "scaled"

    primitive = "grid_positions"

    def check(self) -> None:
        """Raise :class:`LayerError` unless both coordinates have as many sines as cosines."""
        super().check()
        expect_divides(4, self.width, "sines and cosines of two coordinates are as many", "kinds")

    def output_shape(self, arrived: Shape) -> Shape:
        """The same sides."""
        expect_one(arrived)
        height, width = expect_image(arrived, arrived[-1])
        return (height, width, self.width)


@dataclass(frozen=True)
class PixelCentres(Free):
    """Column and row of the middle of each position, as shares of the sides: ``(H, W, C) -> (H, W, 2)``.

    No parameters. Source: Kirillov et al. 2023 (arXiv:2304.02643), app. A, released code.
    """

    primitive = "pixel_centres"

    def output_shape(self, arrived: Shape) -> Shape:
        """Two numbers for each position."""
        expect_one(arrived)
        height, width = expect_image(arrived, arrived[-1])
        return (height, width, 2)


@dataclass(frozen=True)
class PointShares(Free):
    """Points ``(column, row)`` in pixels, moved to the middle of theirs, as shares of the sides: ``(…, 2) -> (…, 2)``.

    No parameters. Source: Kirillov et al. 2023 (arXiv:2304.02643), app. A, released code.
    """

    height: int
    width: int

    primitive = "point_shares"

    def output_shape(self, arrived: Shape) -> Shape:
        """Unchanged."""
        expect_last_axis("a point has two coordinates", arrived, 2)
        return arrived


@dataclass(frozen=True)
class FourierFeatures(Primitive):
    """Sines, then cosines of ``2π · (2·x − 1) G`` with a drawn matrix ``G``: ``(…, coordinates) -> (…, 2·features)``.

    ``x`` are shares from 0 to 1. Parameters: ``coordinates·features``. Source: Tancik et al. 2020 (arXiv:2006.10739),
    eq. 5, whose matrix is not trained; libraries that keep it among the parameters count it.
    """

    coordinates: int
    features: int

    primitive = "fourier_features"

    def output_shape(self, arrived: Shape) -> Shape:
        """Two numbers for each feature."""
        expect_last_axis("coordinates do not match", arrived, self.coordinates)
        return (*arrived[:-1], 2 * self.features)

    def params(self) -> int:
        """The matrix."""
        return self.coordinates * self.features

    def macs(self, arrived: Shape) -> int:
        """One matrix product per point."""
        return math.prod(arrived) * self.features
