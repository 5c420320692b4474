"""Detectors: average precision by class, how far objectness can be believed, and pictures with boxes."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import TYPE_CHECKING

from report.engine.formats import NONE, count, plain
from report.engine.page import Block, Column, Table
from report.learned.about import About, Panel
from report.learned.figure import SHADES
from report.learned.files import pictures as shown
from report.learned.files import rows_of
from report.learned.page import report_of
from report.runs import statistics
from report.runs.load import Cell

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from report.runs.command import Trained

#: Average precisions of a class that are shown, and what they are called.
PRECISIONS = {"map50": "AP@0.5 (%)", "map75": "AP@0.75 (%)", "voc07": "VOC 2007 (%)", "voc": "VOC (%)"}


def tables(trained: Trained) -> list[Block]:
    """Average precision of every class and cell."""
    rows: list[list[str]] = []
    for cell in trained.cells:
        runs = [rows_of(run, "classes.csv", "objects", *PRECISIONS) for run in cell.counted]
        for same in zip(*runs, strict=True):
            said = (_spread([row[name] for row in same]) for name in PRECISIONS)
            rows.append([f"`{cell.name}`", same[0]["class"], count(same[0]["objects"]), *said])
    caption = (
        "Average precision by class over all validation pictures. AP: COCO’s, by pycocotools, at one overlap (IoU); "
        "VOC: at an overlap of 0.5, as the mean of eleven points (2007) and as the area below the curve (since 2010)."
    )
    header = (Column("Cell"), Column("Class", "1fr"), "Objects", *PRECISIONS.values())
    return [Table(caption, header, rows)] if rows else []


def _spread(values: Sequence[float]) -> str:
    if any(value != value for value in values):
        return NONE
    return plain(fmean(values), 1) + (f" ± {plain(statistics.sd(values), 1)}" if len(values) > 1 else "")


def findings(trained: Trained) -> list[str]:
    """The mean objectness of cells with and without an object: what a collapse to a prior would make alike."""
    sentences = []
    for cell in trained.cells:
        values = [[run.metric(f"objectness_{part}") for run in cell.counted] for part in ("object", "empty")]
        if values[0]:
            there, empty = map(fmean, values)
            sentences.append(
                f"`{cell.name}`: mean objectness is {plain(there, 3)} where there is an object and {plain(empty, 3)} "
                "where there is none."
            )
    return sentences


def calibration(panel: Axes, cells: Sequence[Cell]) -> None:
    """The share of cells that hit by their objectness, over all seeds, beside what it says."""
    panel.plot([0, 1], [0, 1], color="#6b6b6b", linewidth=0.8, linestyle="--", label="as it says")
    for cell, shade in zip(cells, SHADES * len(cells), strict=False):
        runs = [rows_of(run, "calibration.csv", "cells", "objectness", "hits") for run in cell.counted]
        points = []
        for same in zip(*runs, strict=True):
            filled = [row for row in same if row["cells"]]
            total = sum(row["cells"] for row in filled)
            if total:
                points.append(
                    [sum(row["cells"] * row[key] for row in filled) / total for key in ("objectness", "hits")]
                )
        if points:
            panel.plot(*zip(*points, strict=True), color=shade, marker="o", markersize=3, linewidth=1, label=cell.name)
    panel.set_xlabel("Objectness")
    panel.set_ylabel("Share of boxes that hit")


def pictures(trained: Trained) -> list[Block]:
    """Best, middling and worst pictures of every cell."""
    caption = (
        "True boxes (blue) and those that were found (orange) with class and score; from left to right the two best pictures by "
        "F1, two from the middle and the two worst, of each cell by itself."
    )
    return [*shown(trained.cells, "pictures.png", caption)]


REPORT = report_of(
    About(
        task="detection",
        title="Boxes around objects",
        question=(
            "Does the grid of YOLOv1 with a convolutional head detect, which ch. 11.2.2 marks as not reached? And what "
            "does the focal term do to objectness, which in the companion repository collapsed to a prior?"
        ),
        metrics=("map50", "map75", "map", "voc07", "voc", "loss"),
        demos=("YOLO",),
        panel=Panel("share of boxes that hit by their objectness, all seeds.", calibration),
        tables=tables,
        pictures=pictures,
        findings=findings,
    )
)
