"""Networks that find objects."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import jax.numpy as jnp

from netspec.exact import detection
from netspec.spec import NetSpec
from netspec.weights import families
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


def _numbered(levels: Mapping[str, Any]) -> dict[str, Any]:
    """The levels of a pyramid by their numbers, but the last one."""
    return {("pool" if name == "pool" else str(number)): level for number, (name, level) in enumerate(levels.items())}


def _proposals(levels: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    kinds = (("objectness", "object"), ("deltas", "box"))
    return {f"{name}{n}": level[ours] for name, ours in kinds for n, level in enumerate(levels.values())}


def _rows(levels: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Classes and boxes of the anchors of one level, a row each."""
    (level,) = levels.values()
    classes, boxes = level["class"], level["box"]
    rows = boxes.shape[1] * boxes.shape[2] * boxes.shape[3] // 4
    return {
        "cls_logits": classes.reshape(classes.shape[0], rows, -1),
        "bbox_regression": boxes.reshape(boxes.shape[0], rows, 4),
    }


def _made(rules: str, make: Callable[..., NetSpec], **options: Any) -> Callable[[], Twin]:
    return lambda: Twin(make(), families.find(rules), **options)


def _yolo(name: str, outputs: Callable[[Any], Mapping[str, Any]]) -> Callable[[], Twin]:
    return partial(named, name, outputs=outputs)


CASES: Cases = {
    "yolov1": partial(named, "yolov1"),
    **{name: _yolo(name, _by_anchor) for name in ("yolov3", *(f"yolov5{size}" for size in "nsmlx"))},
    **{name: _yolo(name, _side_by_side) for v in ("v8", "11") for name in (f"yolo{v}{size}" for size in "nsmlx")},
    **{f"maskrcnn_r{n}_fpn": partial(named, f"maskrcnn_resnet{n}_fpn.backbone", outputs=_numbered) for n in (50, 101)},
    "maskrcnn_rpn_head": _made("torchvision_rpn", detection.rpn_head, inputs={"": "level0"}, outputs=_proposals),
    "maskrcnn_box_head": _made("torchvision_box_head", detection.box_head),
    "maskrcnn_mask_head": _made("torchvision_mask_head", detection.mask_head),
    "tv_retinanet_r50_head": _made("torchvision_retina_head", detection.retina, outputs=_rows),
}
