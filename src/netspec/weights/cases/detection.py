"""Detectors."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import jax.numpy as jnp

from netspec.weights.cases.base import Cases, named


def by_anchor(leaves: Mapping[str, Any]) -> dict[str, Any]:
    """``(B, H, W, 3·85)`` of each level as ``(B, 3, H, W, 85)``."""
    return {name: x.reshape(*x.shape[:3], 3, -1).transpose(0, 3, 1, 2, 4) for name, x in leaves.items()}


def joined(leaves: Mapping[str, Any]) -> dict[str, Any]:
    """Boxes and classes of each level behind one another."""
    return {name: jnp.concatenate([level["box"], level["class"]], axis=-1) for name, level in leaves.items()}


CASES: Cases = {
    **{f"yolov5{size}": partial(named, f"yolov5{size}", outputs=by_anchor) for size in "nsmlx"},
    **{f"yolov8{size}": partial(named, f"yolov8{size}", outputs=joined) for size in "nsmlx"},
    **{f"yolo11{size}": partial(named, f"yolo11{size}", outputs=joined) for size in "nsmlx"},
    "yolov3": partial(named, "yolov3", outputs=by_anchor),
}
