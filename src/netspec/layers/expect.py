"""What layers expect of what arrives, each as one function that says what arrived instead."""

from __future__ import annotations

import math

from netspec.errors import LayerError
from netspec.layers.base import Several, Shape, Value
from netspec.names import SKIP as SKIP


def expect_last_axis(problem: str, arrived: Value, size: int) -> None:
    """Raise :class:`LayerError` unless the last axis of ``arrived`` (channels, width or features) is ``size``."""
    shape = expect_one(arrived)
    if not shape or shape[-1] != size:
        raise LayerError(problem, arrived=arrived, expected=shape_text(*("…" for _ in shape[:-1]), size))


def expect_one(arrived: Value) -> Shape:
    """``arrived`` itself. Raises :class:`LayerError` when several tensors arrive where one is needed."""
    if isinstance(arrived, Several):
        raise LayerError("one tensor is needed", arrived=arrived, expected="a single tensor")
    return arrived


def expect_image(arrived: Value, channels: int) -> tuple[int, int]:
    """Height and width of ``arrived``. Raises :class:`LayerError` unless it is ``(height, width, channels)``."""
    shape = expect_one(arrived)
    if len(shape) != 3:
        raise LayerError("an image is needed", arrived=arrived, expected=shape_text("height", "width", channels))
    expect_last_axis("input channels do not match", shape, channels)
    return shape[0], shape[1]


def expect_tokens(arrived: Value, width: int, what: str = "token width") -> int:
    """Number of tokens in ``(tokens, width)`` or on a grid ``(height, width, channels)``.

    Raises :class:`LayerError` for anything else.
    """
    shape = expect_one(arrived)
    if len(shape) not in (2, 3):
        raise LayerError("tokens are needed", arrived=arrived, expected=shape_text("tokens", width))
    expect_last_axis(f"{what} does not match", shape, width)
    return math.prod(shape[:-1])


def expect_divides(part: int, whole: int, problem: str, noun: str) -> None:
    """Raise :class:`LayerError` unless ``part`` divides ``whole``."""
    if whole % part:
        raise LayerError(problem, arrived=f"{part} {noun}", expected=f"a divisor of {whole}")


def expect_even(arrived: Shape, height: int, width: int, why: str) -> None:
    """Raise :class:`LayerError` unless both sides are even."""
    if height % 2 or width % 2:
        raise LayerError(f"sides must be even {why}", arrived=arrived, expected="even height and width")


def slide(arrived: Shape, kernel: int, stride: int, padding: str) -> tuple[int, int]:
    """Height and width after a window slides over an image: ``ceil(n / stride)`` padded, else only whole windows.

    Raises :class:`LayerError` when an unpadded window is larger than the image.
    """
    height, width = arrived[0], arrived[1]
    if padding == "same":
        return -(-height // stride), -(-width // stride)
    if kernel > height or kernel > width:
        expected = f"sides of at least {kernel}"
        raise LayerError("kernel larger than its input", arrived=arrived, expected=expected)
    return (height - kernel) // stride + 1, (width - kernel) // stride + 1


def shape_text(*axes: object) -> str:
    """A shape in which some axes are words, as errors print it."""
    return f"({', '.join(map(str, axes))}{',' if len(axes) == 1 else ''})"
