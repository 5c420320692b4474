"""Matching detections with objects, and average precision in the two forms of Pascal VOC.

Source: Everingham et al. 2010, IJCV 88(2), section 4.2; the area form is that of VOC from 2010 on.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from train.tasks.detection import boxes as geometry
from train.tasks.detection.suppress import Detections


class Truth(NamedTuple):
    """The objects of a picture: boxes ``(K, 4)``, labels int ``(K,)``, and which are ``difficult``, bool ``(K,)``."""

    boxes: np.ndarray
    labels: np.ndarray
    difficult: np.ndarray


class Verdict(IntEnum):
    """What becomes of a detection; one of a difficult object does not count."""

    MISS = 0
    HIT = 1
    IGNORED = 2


def verdicts(found: Detections, truth: Truth, least: float) -> np.ndarray:
    """The :class:`Verdict` ``(D,)`` on every detection of a picture.

    Best first, each is held against the object of its class that it overlaps most: a hit if their IoU is ``least`` or
    more and the object was not hit before. A further detection of an object is a miss.
    """
    result = np.full(len(found.labels), Verdict.MISS)
    hit = np.zeros(len(truth.labels), bool)
    for row in np.argsort(-found.scores, kind="stable"):
        mine = np.flatnonzero(truth.labels == found.labels[row])
        overlaps = geometry.iou(found.boxes[row], truth.boxes[mine])
        if not len(mine) or overlaps.max() < least:
            continue
        which = mine[overlaps.argmax()]
        if truth.difficult[which]:
            result[row] = Verdict.IGNORED
        elif not hit[which]:
            result[row], hit[which] = Verdict.HIT, True
    return result


class Curve(NamedTuple):
    """Precision and recall ``(D,)`` of one class as the threshold falls past each detection, and its objects."""

    precision: np.ndarray
    recall: np.ndarray
    objects: int


def curve(pictures: Sequence[tuple[Detections, Truth]], label: int, least: float) -> Curve:
    """The curve of a class over all pictures at an IoU of ``least``; recall is 0 where there is no object."""
    scores, hits, objects = [], [], 0
    for found, truth in pictures:
        mine = found.labels == label
        one = Detections(*(part[mine] for part in found))
        verdict = verdicts(one, truth, least)
        scores.append(one.scores[verdict != Verdict.IGNORED])
        hits.append(verdict[verdict != Verdict.IGNORED] == Verdict.HIT)
        objects += int(((truth.labels == label) & ~truth.difficult).sum())
    order = np.argsort(-np.concatenate(scores), kind="stable")
    right = np.concatenate(hits)[order].cumsum()
    return Curve(right / np.arange(1, len(right) + 1), right / max(objects, 1), objects)


def area_under(points: Curve) -> float:
    """VOC's later form: the area under the curve, with each precision raised to the best at a higher recall."""
    recall = np.concatenate([[0.0], points.recall])
    return float((np.diff(recall) * _envelope(points.precision)).sum())


def eleven_points(points: Curve) -> float:
    """VOC 2007's form: the mean of the best precisions at recalls of at least 0, 0.1, … 1."""
    raised = np.append(_envelope(points.precision), 0.0)
    # A recall that was reached falls short of its tenth by rounding at most.
    places = np.searchsorted(points.recall, np.linspace(0, 1, 11) - 1e-9)
    return float(raised[places].mean())


def _envelope(precision: np.ndarray) -> np.ndarray:
    return np.maximum.accumulate(precision[::-1])[::-1]


def f1(found: Detections, truth: Truth, least: float) -> float:
    """The harmonic mean of precision and recall of one picture; 1 where there was nothing to find and nothing found."""
    verdict = verdicts(found, truth, least)
    right, wrong = (verdict == Verdict.HIT).sum(), (verdict == Verdict.MISS).sum()
    objects = (~truth.difficult).sum()
    return float(2 * right / (right + wrong + objects)) if right + wrong + objects else 1.0
