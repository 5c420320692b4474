"""Networks that find objects."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import jax.numpy as jnp

from netspec.weights.cases.base import Cases, named
from netspec.weights.parity import Twin


def _by_anchor(levels: Mapping[str, Any]) -> dict[str, Any]:
    """Levels of ``(B, H, W, 3·c)`` as the library's, whose anchors are an axis: ``(B, 3, H, W, c)``."""
    apart = (level.reshape(*level.shape[:3], 3, -1) for level in levels.values())
    return {f"p{number}": jnp.moveaxis(level, 3, 1) for number, level in enumerate(apart)}


def _side_by_side(levels: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Box and classes of each level joined."""
    return {
        f"p{number}": jnp.concatenate([level["box"], level["class"]], axis=-1)
        for number, level in enumerate(levels.values())
    }


def _yolo(name: str, outputs: Callable[[Any], Mapping[str, Any]]) -> Callable[[], Twin]:
    return partial(named, name, outputs=outputs)


CASES: Cases = {
    "yolov1": partial(named, "yolov1"),
    **{name: _yolo(name, _by_anchor) for name in ("yolov3", *(f"yolov5{size}" for size in "nsmlx"))},
    **{name: _yolo(name, _side_by_side) for v in ("v8", "11") for name in (f"yolo{v}{size}" for size in "nsmlx")},
}
