"""What is written of a trained detector: figures over the validation split, and files for readers."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from train.data.png import png
from train.tasks.detection.coco import THRESHOLDS, average_precision
from train.tasks.detection.pictures import SHOWN, above, described, drawn, rounded
from train.tasks.detection.precision import Truth, area_under, curve, eleven_points, f1
from train.tasks.detection.suppress import Detections

#: IoU of a hit in what is not averaged over several.
HIT = 0.5
#: How many pictures are shown of the best, of those in the middle and of the worst.
SHOWN_EACH = 2
#: Bins of objectness.
BINS = 10
#: Pixels between drawn pictures.
GAP = 8


@dataclass(frozen=True)
class Cells:
    """The cells of all grids but the ignored ones.

    ``objectness`` is ``(M,)`` in (0, 1), that of the box that is surest; ``object`` says whether the cell is
    responsible for one, and ``hit`` whether that box is around it, bool ``(M,)``.
    """

    objectness: np.ndarray
    object: np.ndarray
    hit: np.ndarray


def table(
    pictures: Sequence[tuple[Detections, Truth]], names: Sequence[str], size: tuple[int, int]
) -> list[dict[str, Any]]:
    """A row for each class: its objects, and average precisions in percent by the names of the task's metrics.

    ``None`` stands for those of a class without objects. ``size`` is height and width of the pictures in pixels.
    """
    coco = average_precision(pictures, len(names), size)
    rows = []
    for label, name in enumerate(names):
        points = curve(pictures, label, HIT)
        shares = {
            "map50": coco[0, label],
            "map75": coco[np.isclose(THRESHOLDS, 0.75).argmax(), label],
            "map": coco[:, label].mean(),
            "voc07": eleven_points(points),
            "voc": area_under(points),
        }
        percent = {key: 100 * float(value) if points.objects else None for key, value in shares.items()}
        rows.append({"class": name, "objects": points.objects, **percent})
    return rows


def map50(pictures: Sequence[tuple[Detections, Truth]], classes: int, size: tuple[int, int]) -> float:
    """The mean average precision at an IoU of 0.5 in percent, as :func:`table` and :func:`means` have it."""
    found = average_precision(pictures, classes, size, THRESHOLDS[:1])[0]
    return 100 * float(found[~np.isnan(found)].mean()) if not np.isnan(found).all() else 0.0


def means(rows: Sequence[dict[str, Any]]) -> dict[str, float]:
    """The figures of :func:`table`, averaged over the classes that have objects; 0 where none has."""
    counted = [row for row in rows if row["objects"]]
    keys = [key for key in rows[0] if key not in ("class", "objects")]
    return {key: sum(row[key] for row in counted) / max(len(counted), 1) for key in keys}


def objectness(cells: Cells) -> dict[str, float]:
    """Mean objectness of cells with and without an object; 0 where there are none."""
    parts = {"objectness_object": cells.object, "objectness_empty": ~cells.object}
    return {name: float(cells.objectness[part].mean()) if part.any() else 0.0 for name, part in parts.items()}


def calibration(cells: Cells) -> list[dict[str, Any]]:
    """A row for each of ten bins of objectness: its cells, their mean objectness, and the share of them that hit."""
    bins = np.minimum((cells.objectness * BINS).astype(int), BINS - 1)
    rows = []
    for index in range(BINS):
        inside = bins == index
        filled = inside.any()
        rows.append(
            {
                "from": index / BINS,
                "to": (index + 1) / BINS,
                "cells": int(inside.sum()),
                "objectness": float(cells.objectness[inside].mean()) if filled else None,
                "hits": float(cells.hit[inside].mean()) if filled else None,
            }
        )
    return rows


def chosen(pictures: Sequence[tuple[Detections, Truth]]) -> list[tuple[str, int, float]]:
    """Which pictures are shown: ``(why, index, F1)`` of the two best, two in the middle and two worst.

    By F1 at a score of :data:`train.tasks.detection.pictures.SHOWN`, of equal ones those with more objects first,
    then in the order of the data.
    """
    scores = [f1(above(found, SHOWN), truth, HIT) for found, truth in pictures]
    order = sorted(range(len(pictures)), key=lambda index: (-scores[index], -len(pictures[index][1].labels), index))
    middle = max((len(order) - SHOWN_EACH) // 2, 0)
    parts = {"best": slice(SHOWN_EACH), "median": slice(middle, middle + SHOWN_EACH), "worst": slice(-SHOWN_EACH, None)}
    return [(why, index, scores[index]) for why, part in parts.items() for index in order[part]]


def detections_file(
    shown: Iterable[tuple[str, int, float]], pictures: Sequence[tuple[Detections, Truth]], names: Sequence[str]
) -> bytes:
    """``detections.json``: true and predicted boxes of the pictures that are shown."""
    listed = []
    for why, index, score in shown:
        found, truth = pictures[index]
        objects = [
            {"class": names[label], "box": rounded(box), "difficult": bool(difficult)}
            for box, label, difficult in zip(*truth, strict=True)
        ]
        listed.append(
            {
                "why": why,
                "picture": index,
                "f1": score,
                "truth": objects,
                "found": described(above(found, SHOWN), names),
            }
        )
    return (json.dumps({"least_score": SHOWN, "iou": HIT, "pictures": listed}, indent=1) + "\n").encode()


def pictures_file(
    shown: Sequence[tuple[str, int, float]],
    pictures: Sequence[tuple[Detections, Truth]],
    images: np.ndarray,
    names: Sequence[str],
) -> bytes:
    """``pictures.png``: the pictures that are shown, drawn; best, median and worst are a column each."""
    tiles = []
    for _, index, _ in shown:
        found, truth = pictures[index]
        tiles.append(drawn(Image.fromarray(images[index]), described(above(found, SHOWN), names), truth, names))
    width, height = tiles[0].size
    columns = -(-len(tiles) // SHOWN_EACH)
    sheet = Image.new("RGB", (columns * (width + GAP) - GAP, SHOWN_EACH * (height + GAP) - GAP), "white")
    for place, tile in enumerate(tiles):
        sheet.paste(tile, (place // SHOWN_EACH * (width + GAP), place % SHOWN_EACH * (height + GAP)))
    return png(sheet)


def csv_file(rows: Sequence[dict[str, Any]]) -> bytes:
    """Rows of the same keys as CSV, with an empty field for ``None``."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue().encode()
