"""Boxes as arrays ``(…, 4)``: the centre's x and y, width and height, in shares of the picture.

Everything here takes arrays of numpy and of jax alike and returns the same kind.
"""

from __future__ import annotations

from typing import Any

#: Least area and distance that is divided by.
TINY = 1e-9


def edges(boxes: Any) -> tuple[Any, Any, Any, Any]:
    """Left, top, right and bottom of boxes ``(…, 4)``, each ``(…)``."""
    half_width, half_height = boxes[..., 2] / 2, boxes[..., 3] / 2
    return (
        boxes[..., 0] - half_width,
        boxes[..., 1] - half_height,
        boxes[..., 0] + half_width,
        boxes[..., 1] + half_height,
    )


def of_edges(left: Any, top: Any, right: Any, bottom: Any) -> Any:
    """Boxes ``(…, 4)`` of their edges, each ``(…)``."""
    parts = [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top]
    return left.__array_namespace__().stack(parts, axis=-1)


def area(boxes: Any) -> Any:
    """Area ``(…)`` of boxes ``(…, 4)`` as a share of the picture."""
    return boxes[..., 2] * boxes[..., 3]


def overlap(one: Any, other: Any) -> Any:
    """Common area of boxes whose leading axes broadcast against each other."""
    within = one.__array_namespace__()
    (left, top, right, bottom), (left2, top2, right2, bottom2) = edges(one), edges(other)
    width = within.minimum(right, right2) - within.maximum(left, left2)
    height = within.minimum(bottom, bottom2) - within.maximum(top, top2)
    return within.maximum(width, 0) * within.maximum(height, 0)


def iou(one: Any, other: Any) -> Any:
    """Intersection over union of boxes whose leading axes broadcast; 0 where both are empty."""
    common = overlap(one, other)
    return common / one.__array_namespace__().maximum(area(one) + area(other) - common, TINY)


def giou(one: Any, other: Any) -> Any:
    """Generalised IoU in (-1, 1]: less by the empty share of the smallest box around both.

    Source: Rezatofighi et al. 2019 (arXiv:1902.09630), algorithm 1.
    """
    within = one.__array_namespace__()
    common = overlap(one, other)
    union = area(one) + area(other) - common
    (left, top, right, bottom), (left2, top2, right2, bottom2) = edges(one), edges(other)
    width = within.maximum(right, right2) - within.minimum(left, left2)
    height = within.maximum(bottom, bottom2) - within.minimum(top, top2)
    around = width * height
    return common / within.maximum(union, TINY) - (around - union) / within.maximum(around, TINY)


def clipped(boxes: Any) -> Any:
    """Boxes ``(…, 4)`` as far as they lie in the picture."""
    within = boxes.__array_namespace__()
    return of_edges(*(within.clip(edge, 0, 1) for edge in edges(boxes)))
