"""Self-attention of positions on a grid: over all, to fewer keys, or within windows."""

from __future__ import annotations

from dataclasses import dataclass, replace

from netspec.errors import LayerError
from netspec.layers.base import Primitive, Shape
from netspec.layers.expect import expect_divides, expect_image


@dataclass(frozen=True)
class GridAttention(Primitive):
    """Multi-head self-attention over a grid, ``(H, W, width) -> (H, W, width)``; no norm and no residual.

    With ``reduction`` keys and values read a grid that a convolution of that window and stride, and a LayerNorm, have
    made smaller (Wang et al. 2021, arXiv:2102.12122, eq. 3; Xie et al. 2021, arXiv:2105.15203, sec. 3.1). With
    ``window`` positions see those of their own ``window × window`` tile; the grid is filled up with zeros behind,
    which are seen. ``relative`` is the side of the tables of positions, which add to each score what the query gives
    with the row for the distance along either axis (Li et al. 2022, arXiv:2112.01526, app. B): that of the window, or
    of the grid.

    Parameters: ``4·width² + 4·width``, ``reduction > 1`` adds ``width²·reduction² + 3·width``, ``relative`` adds
    ``2·(2·relative − 1)·width/heads``.
    """

    width: int
    heads: int
    reduction: int = 1
    window: int | None = None
    relative: int | None = None

    primitive = "grid_attention"

    def check(self) -> None:
        """Raise :class:`LayerError` for heads that do not divide the width, and for windows of fewer keys."""
        super().check()
        expect_divides(self.heads, self.width, "heads do not divide the width", "heads")
        if self.window is not None and self.reduction > 1:
            arrived = f"window={self.window}, reduction={self.reduction}"
            raise LayerError("windows see all of their keys", arrived=arrived, expected="one of them")

    def resized(self, before: Shape, arrived: Shape) -> GridAttention:
        """Tables as long as the grid; within windows nothing changes. Both tables are of one side, as in Segment
        Anything.
        """
        if self.relative is None or self.window is not None:
            return self
        return replace(self, relative=max(arrived[:2]))

    def output_shape(self, arrived: Shape) -> Shape:
        """Unchanged."""
        self._sides(arrived)
        return arrived

    def _sides(self, arrived: Shape) -> tuple[int, int]:
        height, width = expect_image(arrived, self.width)
        if min(height, width) < self.reduction:
            expected = f"sides of at least {self.reduction}"
            raise LayerError("the grid is smaller than the reduction", arrived=arrived, expected=expected)
        if self.relative and self.window is None and (height, width) != (self.relative,) * 2:
            expected = f"({self.relative}, {self.relative}, {self.width})"
            raise LayerError("tables of positions are of one size", arrived=arrived, expected=expected)
        return height, width

    def params(self) -> int:
        """The four maps, the reduction and its norm, the tables."""
        d = self.width
        reduced = d * d * self.reduction**2 + 3 * d if self.reduction > 1 else 0
        tables = 2 * (2 * self.relative - 1) * (d // self.heads) if self.relative else 0
        return 4 * (d * d + d) + reduced + tables

    def macs(self, arrived: Shape) -> int:
        """The maps and both products, those of padding too, the reduction and the scores of positions."""
        height, width = self._sides(arrived)
        d = self.width
        if self.window is None:
            tiles, queries = 1, height * width
            keys = (height // self.reduction) * (width // self.reduction)
            along = height + width
        else:
            tiles = -(-height // self.window) * -(-width // self.window)
            queries = keys = self.window**2
            along = 2 * self.window
        reduced = keys * d * d * self.reduction**2 if self.reduction > 1 else 0
        maps = tiles * (2 * queries + 2 * keys) * d * d
        return maps + reduced + tiles * (2 * queries * keys * d + (queries * along * d if self.relative else 0))
