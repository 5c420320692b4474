"""How a window slides over an image: sizes for both axes or one each, padding, holes, and what is left."""

from __future__ import annotations

from typing import Literal

from netspec.errors import LayerError
from netspec.layers.base import Shape

#: One size for height and width, or one for each.
Pair = int | tuple[int, int]

#: ``"same"`` leaves ``ceil(n / stride)`` per side, ``"valid"`` only whole windows; else rows and columns added on every
#: side, ``(above and below, left and right)``, or ``(above, below, left, right)``.
Padding = Literal["same", "valid"] | int | tuple[int, int] | tuple[int, int, int, int]

#: What is added in front and behind, per axis.
Sides = tuple[tuple[int, int], tuple[int, int]]


def both(size: Pair) -> tuple[int, int]:
    """``size`` for height and width."""
    return (size, size) if isinstance(size, int) else size


def area(kernel: Pair) -> int:
    """Positions under a window."""
    height, width = both(kernel)
    return height * width


def sides(padding: Padding) -> Sides:
    """Rows and columns that ``padding`` adds in front and behind; none if it is ``"valid"``.

    ``"same"`` depends on the image and is not asked for here.
    """
    if padding == "valid" or isinstance(padding, str):
        return (0, 0), (0, 0)
    if isinstance(padding, int):
        return (padding, padding), (padding, padding)
    if len(padding) == 2:
        return (padding[0], padding[0]), (padding[1], padding[1])
    return (padding[0], padding[1]), (padding[2], padding[3])


def left_by(
    arrived: Shape, kernel: Pair, stride: Pair, padding: Padding, dilation: Pair = 1, ceil: bool = False
) -> tuple[int, int]:
    """Height and width after a window slides over an image ``(H, W, C)``.

    ``n' = floor((n + padding − dilation·(kernel − 1) − 1) / stride) + 1``. With ``ceil`` a last window may reach over
    the end if it starts before it, as PyTorch's ``ceil_mode`` has it. Source: Dumoulin & Visin 2016
    (arXiv:1603.07285), sec. 2.4 and 5.1.

    Raises :class:`LayerError` when the window is larger than the padded image.
    """
    steps = both(stride)
    if padding == "same":
        return -(-arrived[0] // steps[0]), -(-arrived[1] // steps[1])
    left = []
    for n, size, step, hole, (before, after) in zip(
        arrived[:2], both(kernel), steps, both(dilation), sides(padding), strict=True
    ):
        reach = hole * (size - 1) + 1
        room = n + before + after - reach
        if room < 0:
            expected = f"sides of at least {reach - before - after}"
            raise LayerError("kernel larger than its input", arrived=arrived, expected=expected)
        count = room // step + 1
        if ceil and room % step and count * step < n + before:
            count += 1
        left.append(count)
    return left[0], left[1]
