"""From a grid of boxes to detections: scores, a threshold, and non-maximum suppression in each class."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from train.tasks.detection import boxes as geometry

#: Least score of a detection, most of them in a picture, and IoU from which two of a class are of the same object.
LEAST, MOST, SAME = 0.01, 100, 0.5


class Detections(NamedTuple):
    """D detections of a picture, best first: boxes float32 ``(D, 4)``, labels ``(D,)``, scores ``(D,)`` in (0, 1]."""

    boxes: np.ndarray
    labels: np.ndarray
    scores: np.ndarray


def suppressed(boxes: np.ndarray, scores: np.ndarray) -> Detections:
    """Detections among N ``boxes`` ``(N, 4)`` with ``scores`` ``(N, classes)``.

    Those above :data:`LEAST`, without those that overlap a better one of their class by :data:`SAME` or more, at most
    the best :data:`MOST`.
    """
    parts = []
    for label in range(scores.shape[1]):
        candidates = np.flatnonzero(scores[:, label] >= LEAST)
        kept = candidates[best_of_each(boxes[candidates], scores[candidates, label])]
        parts.append((kept, np.full(len(kept), label)))
    rows, labels = (np.concatenate(part) for part in zip(*parts, strict=True))
    found = scores[rows, labels]
    order = np.argsort(-found, kind="stable")[:MOST]
    return Detections(geometry.clipped(boxes[rows[order]]), labels[order], found[order])


def best_of_each(boxes: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Greedy non-maximum suppression: indices of the boxes that stay, best first.

    The best box stays and those that overlap it by :data:`SAME` or more go, and so on with what is left.
    """
    left = np.argsort(-scores, kind="stable")
    kept = []
    while len(left):
        first, left = left[0], left[1:]
        kept.append(first)
        left = left[geometry.iou(boxes[first], boxes[left]) < SAME]
    return np.array(kept, int)
