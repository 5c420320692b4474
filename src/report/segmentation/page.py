"""Networks that say a class for every pixel: overlap by class, and pictures of what they say."""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING

from report.engine.formats import count, plain
from report.engine.page import Block, Column, Table
from report.learned.about import About
from report.learned.files import pictures as shown
from report.learned.files import rows_of
from report.learned.page import report_of
from report.runs import statistics

if TYPE_CHECKING:
    from report.runs.command import Trained


def tables(trained: Trained) -> list[Block]:
    """Both overlaps of every class and cell."""
    rows = []
    for cell in trained.cells:
        runs = [rows_of(run, "classes.csv", "pixels", "iou", "dice") for run in cell.counted]
        for same in zip(*runs, strict=True):
            iou, dice = ([row[key] for row in same] for key in ("iou", "dice"))
            spread = f" ± {plain(statistics.sd(iou))}" if len(iou) > 1 else ""
            said = f"{plain(fmean(iou))}{spread}", plain(fmean(dice))
            rows.append([f"`{cell.name}`", same[0]["class"], count(same[0]["pixels"]), *said])
    caption = (
        "Overlap by class, in percent, over all validation pixels. IoU: common pixels over those of either; Dice: "
        "twice the common pixels over those of both."
    )
    header = (Column("Cell"), Column("Class", "1fr"), "Pixels", "IoU (%)", "Dice (%)")
    return [Table(caption, header, rows)] if rows else []


def pictures(trained: Trained) -> list[Block]:
    """Best, middling and worst pictures of every cell."""
    caption = (
        "Pictures, truth, prediction and error (yellow), from top to bottom; from left to right the four pictures with "
        "the most overlap, four from the middle and the four with the least, of each cell by itself."
    )
    return [*shown(trained.cells, "pictures.png", caption)]


REPORT = report_of(
    About(
        task="segmentation",
        title="A class for every pixel",
        question=(
            "What do the skips of a U-Net add to its encoder and decoder? The same stages are trained with and without "
            "them, on the same pictures with the same seeds."
        ),
        metrics=("miou", "dice", "accuracy", "loss"),
        demos=("UNet",),
        tables=tables,
        pictures=pictures,
    )
)
