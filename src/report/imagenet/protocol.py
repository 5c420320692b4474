"""The settings of the ImageNet runs that both sides state, and which of them make it the book's experiment."""

from __future__ import annotations

import math
import re

from report.engine.formats import count
from report.engine.reference import Row
from report.imagenet import book
from report.runs.comparison import Aspect, same_protocol
from report.runs.load import Cell
from report.runs.smoke import is_smoke

TYPES = {"float32": "fp32", "bfloat16": "bf16"}


def _number(column: str):
    def value(row: Row) -> float | None:
        found = row.number(column)
        return None if math.isnan(found) else found

    return value


def _params(row: Row) -> int:
    """Parameters of the network that was trained, which a remark states where it is not the one of today's count."""
    stated = re.search(r"(\d+) params", row.columns["remark"])
    return int(stated[1]) if stated else int(row.number("params"))


ASPECTS = (
    Aspect("Parameters", lambda cell: cell.first.summary.get("params"), _params, count, "parameters"),
    Aspect("Image side (px)", lambda cell: cell.config.get("dataset.image_size"), _number("image_size"), unit="pixels"),
    Aspect("Epochs", lambda cell: cell.config.get("epochs"), _number("epochs"), count, "epochs"),
    Aspect("Batch size", lambda cell: cell.config.get("batch_size"), _number("batch"), count),
    Aspect(
        "Matrix products in",
        lambda cell: TYPES[cell.config.get("precision")],
        lambda row: row.columns["precision"][:4],
        str,
    ),
    Aspect("Peak learning rate", lambda cell: cell.config.get("optimizer.learning_rate"), _number("learning_rate")),
    Aspect("Warm-up epochs", lambda cell: cell.config.get("schedule.warmup_epochs"), _number("warmup_epochs")),
    Aspect("Weight decay", lambda cell: cell.config.get("optimizer.weight_decay"), _number("weight_decay")),
    Aspect("Gradient clipping norm", lambda cell: cell.config.get("optimizer.clip_norm"), _number("grad_clip")),
    Aspect("Weight averaging decay", lambda cell: cell.config.get("ema_decay"), _number("ema")),
    Aspect(
        "Validation images scored in training",
        lambda cell: cell.first.summary.get("val_images"),
        _number("val_n_training"),
        count,
        protocol=False,
    ),
)


def states(row: Row, aspect: Aspect) -> bool:
    """Whether the record has the setting; of a row that was only timed, the optimizer's is no claim."""
    timed = "throughput" in row.columns["run"]
    always = aspect.name in ("Parameters", "Image side (px)", "Batch size", "Matrix products in")
    return always and aspect.book(row) is not None if timed else aspect.book(row) is not None or aspect.name in (
        "Gradient clipping norm", "Weight averaging decay",
    )  # fmt: skip


def comparable(cell: Cell) -> bool:
    """Whether a cell is its row of the book's runs, run again: the same data, network and recipe."""
    if not cell.book_row or is_smoke(cell) or cell.config.get("dataset.name") != book.DATASET:
        return False
    row = book.rows()[cell.book_row]
    return same_protocol(cell, row, [aspect for aspect in ASPECTS if states(row, aspect)])
