"""Average precision as COCO defines it, by its own ``pycocotools`` (Lin et al. 2014, arXiv:1405.0312)."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence

import numpy as np

from train.tasks.detection import boxes as geometry
from train.tasks.detection.precision import Truth
from train.tasks.detection.suppress import MOST, Detections

#: IoU thresholds, from 0.5 to 0.95.
THRESHOLDS = np.linspace(0.5, 0.95, 10)
#: An area that no object has, which has pycocotools count one neither as hit nor as miss; those that count are below.
OUTSIDE, LARGEST = 1e11, 1e10


def average_precision(
    pictures: Sequence[tuple[Detections, Truth]],
    classes: int,
    size: tuple[int, int],
    thresholds: np.ndarray = THRESHOLDS,
) -> np.ndarray:
    """Average precision ``(thresholds, classes)``; NaN for a class without objects.

    ``size`` is height and width of the pictures in pixels, of which COCO's boxes are. Nothing is asked of sizes, and
    at most :data:`train.tasks.detection.suppress.MOST` detections of a picture count.
    """
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    annotations, results = [], []
    for index, (found, truth) in enumerate(pictures):
        for box, label, difficult in zip(_pixels(truth.boxes, size), truth.labels, truth.difficult, strict=True):
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": index,
                    "category_id": int(label),
                    "bbox": box,
                    "area": OUTSIDE if difficult else box[2] * box[3],
                    "iscrowd": 0,
                }
            )
        for box, label, score in zip(_pixels(found.boxes, size), found.labels, found.scores, strict=True):
            results.append({"image_id": index, "category_id": int(label), "bbox": box, "score": float(score)})
    if not annotations or not results:
        there = np.bincount([one["category_id"] for one in annotations], minlength=classes) > 0
        return np.broadcast_to(np.where(there, 0.0, np.nan), (len(thresholds), classes))
    with contextlib.redirect_stdout(io.StringIO()):  # it reports on every step
        expected = COCO()
        expected.dataset = {
            "images": [{"id": index} for index in range(len(pictures))],
            "categories": [{"id": label} for label in range(classes)],
            "annotations": annotations,
        }
        expected.createIndex()
        evaluation = COCOeval(expected, expected.loadRes(results), "bbox")
        evaluation.params.areaRng, evaluation.params.areaRngLbl = [[0, LARGEST]], ["all"]
        evaluation.params.maxDets, evaluation.params.iouThrs = [MOST], thresholds
        evaluation.evaluate()
        evaluation.accumulate()
    precision = evaluation.eval["precision"][..., 0, 0]  # (thresholds, recalls, classes); -1 without objects
    return np.where((precision < 0).any(1), np.nan, precision.mean(1))


def _pixels(boxes: np.ndarray, size: tuple[int, int]) -> list[list[float]]:
    """Left, top, width and height in pixels."""
    left, top, _, _ = geometry.edges(boxes)
    corner = np.stack([left * size[1], top * size[0], boxes[:, 2] * size[1], boxes[:, 3] * size[0]], 1)
    return corner.astype(float).tolist()
