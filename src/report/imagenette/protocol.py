"""The settings of the networks of ch. 10.3 that both sides state, and which of them make it the book's experiment."""

from __future__ import annotations

from report.ablation import book as ablation
from report.engine.formats import count, number
from report.imagenette import book
from report.runs.comparison import Aspect, same_protocol
from report.runs.load import Cell
from report.runs.smoke import is_smoke


def _number(column: str):
    return lambda row: row.number(column)


ASPECTS = (
    Aspect("Parameters", lambda cell: cell.first.summary.get("params"), _number("params_logged"), count, "parameters"),
    Aspect("Image side (px)", lambda cell: cell.config.get("dataset.image_size"), _number("image_size"), unit="pixels"),
    Aspect("Epochs", lambda cell: cell.config.get("epochs"), _number("epochs"), count, "epochs"),
    Aspect("Batch size", lambda cell: cell.config.get("batch_size"), _number("batch"), count),
    Aspect("Peak learning rate", lambda cell: cell.config.get("optimizer.learning_rate"), _number("learning_rate")),
    Aspect("Warm-up epochs", lambda cell: cell.config.get("schedule.warmup_epochs"), _number("warmup_epochs")),
    Aspect("Weight decay", lambda cell: cell.config.get("optimizer.weight_decay"), _number("weight_decay")),
    Aspect("Label smoothing", lambda cell: cell.config.get("label_smoothing"), _number("label_smoothing")),
    Aspect(
        "Initial weights",
        lambda cell: cell.config.get("initialization"),
        lambda row: "book-faulty" if book.before_correction(row) else "book",
        str,
        protocol=False,
    ),
    Aspect(
        "Validation images scored",
        lambda cell: (cell.first.summary.get("val_images"),) * 2,
        lambda _: book.scored(),
        lambda pair: f"all {count(pair[1])}" if pair[0] == pair[1] else f"{count(pair[0])} of {count(pair[1])}",
        protocol=False,
    ),
    Aspect("Seeds per network", lambda cell: len(cell.runs), lambda _: 1, number, protocol=False),
)


def comparable(cell: Cell) -> bool:
    """Whether a cell is its row of the book's table, run again: the same data, network and recipe."""
    if not cell.book_row or is_smoke(cell) or not ablation.is_dataset(cell.config.get("dataset.name")):
        return False
    return same_protocol(cell, book.rows()[cell.book_row], ASPECTS)
