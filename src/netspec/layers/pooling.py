"""Average pooling over windows and to a size, and the maximum over all positions."""

from __future__ import annotations

from dataclasses import dataclass

from netspec.layers.base import Free, Shape
from netspec.layers.expect import expect_image, expect_one, expect_tokens
from netspec.layers.window import Padding, Pair, both, left_by


@dataclass(frozen=True)
class AvgPool(Free):
    """Mean over ``window × window`` positions, ``(H, W, C) -> (H', W', C)``; sizes are for both axes or one each.

    What is padded counts as zeros, or with ``count_padding=False`` does not count. With ``ceil`` a last window may
    reach over the end, where nothing counts. No parameters.
    Source: LeCun et al. 1998, Proc. IEEE 86(11), sec. II.B (subsampling); Szegedy et al. 2015 (arXiv:1512.00567).
    """

    window: Pair
    stride: Pair
    padding: Padding = "valid"
    count_padding: bool = True
    ceil: bool = False

    primitive = "avg_pool"
    may_be_zero = ("padding",)

    def output_shape(self, arrived: Shape) -> Shape:
        """Fewer positions, the same channels."""
        expect_one(arrived)
        expect_image(arrived, arrived[-1])
        return (*left_by(arrived, self.window, self.stride, self.padding, ceil=self.ceil), arrived[-1])


@dataclass(frozen=True)
class LpPool(Free):
    """``(Σ x^power)^(1/power)`` over ``window × window`` positions of a rectified image: ``(H, W, C) -> (H', W', C)``.

    Only whole windows count. Where the sum is below zero, zero leaves. No parameters.
    Source: Sermanet et al. 2012 (arXiv:1204.3968), sec. 2.
    """

    window: Pair
    stride: Pair
    power: int = 2

    primitive = "lp_pool"

    def output_shape(self, arrived: Shape) -> Shape:
        """Fewer positions, the same channels."""
        expect_one(arrived)
        expect_image(arrived, arrived[-1])
        return (*left_by(arrived, self.window, self.stride, "valid"), arrived[-1])


@dataclass(frozen=True)
class AdaptiveAvgPool(Free):
    """Means over as many regions as ``size`` says: ``(H, W, C) -> (*size, C)``. No parameters.

    Region ``i`` of ``m`` covers positions ``floor(i·n/m)`` to ``ceil((i + 1)·n/m) − 1``, so that neighbours may share
    one, and an image smaller than ``size`` is repeated. Source: He et al. 2014 (arXiv:1406.4729), sec. 2.2.
    """

    size: Pair

    primitive = "adaptive_avg_pool"

    def output_shape(self, arrived: Shape) -> Shape:
        """``size``, the same channels."""
        expect_one(arrived)
        expect_image(arrived, arrived[-1])
        return (*both(self.size), arrived[-1])


@dataclass(frozen=True)
class GlobalMaxPool(Free):
    """Maximum over all positions: ``(H, W, C) -> (C,)``, or ``(tokens, width) -> (width,)``. No parameters.

    Source: Oquab et al. 2015, CVPR, sec. 3.1.
    """

    primitive = "global_max_pool"

    def output_shape(self, arrived: Shape) -> Shape:
        """The channels alone."""
        expect_one(arrived)
        expect_tokens(arrived, arrived[-1])
        return (arrived[-1],)
