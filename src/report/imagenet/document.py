"""The page on the ImageNet runs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from report import provenance
from report.blocks import Page, Picture, Section, Table
from report.comparison import Aspect, Difference, compare
from report.formats import NONE, brief, count, plain, words
from report.imagenet import book
from report.imagenet.findings import findings
from report.imagenet.recipe import recipe
from report.imagenet.table import collapsed
from report.load import Cell
from report.reference import Row

if TYPE_CHECKING:
    import pandas as pd

GROUPS = (
    ("", 3),
    ("Step (ms)", 2),
    ("Epoch", 2),
    ("Run", 2),
    ("Images per s", 2),
    ("Top-1 (%)", 2),
    ("Top-5 (%)", 2),
)
HEADER = ("Cell", "Type", "Epochs", *("ours", "book") * 3, "step", "input", *("ours", "book") * 2)
TYPES = {"float32": "fp32", "bfloat16": "bf16"}

FACTS = ("Data", "Runs", "Date", "Hardware", "Wall time", "Commit", "Software")


def _number(column: str):
    def value(row: Row) -> float | None:
        found = row.number(column)
        return None if math.isnan(found) else found

    return value


ASPECTS = (
    Aspect("Parameters", lambda cell: cell.runs[0].summary.get("params"), _number("params"), count, "parameters"),
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
        lambda cell: cell.runs[0].summary.get("val_images"),
        _number("val_n_training"),
        count,
    ),
)


def page(cells: Sequence[Cell], table: pd.DataFrame, curves: pd.DataFrame, pictures: tuple[Path, Path]) -> Page:
    """Assemble the page from configurations, summaries and the tables made of them."""
    n = int(table["n"].iloc[0])
    found = differences(cells)
    facts = dict(provenance.what_was_run(cells))
    seeds = words(n, "seed")
    return Page(
        title="ImageNet, chapter 10.5",
        subtitle=f"{cells[0].config.get('dataset.title')}: {words(len(table), 'cell')}, {seeds} each",
        question=(
            "Chapter 10.5 takes the Vision Transformer from ten classes to a thousand: DeiT’s recipe in bfloat16, a "
            "clipped gradient without which training collapses during warm-up, and one run of 80 epochs. Here the same "
            "recipes are trained from the catalogue’s layers, beside the printed figures."
        ),
        notice=_notice(cells[0]),
        blocks=[
            _table(table, n),
            Picture(pictures[0], _accuracy_caption(table, n)),
            Section("What the numbers say", sentences=findings(table)),
            Picture(
                pictures[1],
                f"Training loss by epoch{', mean over the seeds' if n > 1 else ''}. Dashed: the loss of a network that "
                "says every class is as likely. Losses on mixed labels are higher than on plain ones.",
            ),
            Section("The cells", facts=[(f"`{cell.name}`", recipe(cell)) for cell in cells]),
            Section("What was run", facts=[(what, facts[what]) for what in FACTS if what in facts]),
            _differences(found),
        ],
        footer=provenance.footer(cells),
    )


def differences(cells: Sequence[Cell]) -> list[Difference]:
    """What differs from the record, of the settings that it states."""
    pairs = [(cell, book.rows()[cell.book_row]) for cell in cells if cell.book_row]
    found = []
    for aspect in ASPECTS:
        stated = [(cell, row) for cell, row in pairs if _states(row, aspect)]
        found += compare(stated, [aspect]) if stated else []
    return found


def _states(row: Row, aspect: Aspect) -> bool:
    """Whether the record has the setting; of a row that was only timed, the optimizer's is no claim."""
    timed = "throughput" in row.columns["run"]
    always = aspect.name in ("Parameters", "Image side (px)", "Batch size", "Matrix products in")
    return always and aspect.book(row) is not None if timed else aspect.book(row) is not None or aspect.name in (
        "Gradient clipping norm", "Weight averaging decay",
    )  # fmt: skip


def _notice(cell: Cell) -> tuple[str, str] | None:
    """What a reader must know before the first number, if this is not the book's experiment."""
    if cell.config.get("dataset.name") == book.DATASET:
        return None
    title = cell.config.get("dataset.title")
    return (
        "This is not the book’s experiment.",
        f"It is on “{title}”, not on ImageNet. It shows that every option of the recipes works; its figures and the "
        "book’s say nothing about each other.",
    )


def _table(table: pd.DataFrame, n: int) -> Table:
    spread = f"mean ± sample standard deviation over n = {n} seeds" if n > 1 else "one seed, hence no spread"
    notes = []
    if any(collapsed(row) for row in table.itertuples()):
        notes.append(("†", "Ended at chance."))
    if (table["epochs"] == 1).any():
        notes.append(("‡", "One epoch, for its speed."))
    return Table(
        caption=(
            f"Speed and accuracy ({spread}; all {count(table['val_images'].iloc[0])} validation images), ours beside "
            "the book’s. Type: of matrix products. Step: mean time of a step with its input. Epoch: wall time by "
            "epochs, validation and checkpoints included. Images per s: of training steps, and of reading and "
            "preparing alone where it was measured. The book’s run in fp32 was timed and projected."
        ),
        header=HEADER,
        groups=GROUPS,
        rows=[_row(row) for row in table.itertuples()],
        left=2,
        notes=notes,
    )


def _row(row) -> list[str]:
    mark = "†" if collapsed(row) else "‡" if row.epochs == 1 else ""

    def spread(mean: float, sd: float) -> str:
        return plain(mean) + (f" ± {plain(sd)}" if row.n > 1 else "") + mark

    return [
        f"`{row.cell}`",
        TYPES[row.precision],
        count(row.epochs),
        plain(row.step_milliseconds, 0 if row.step_milliseconds >= 100 else 1),
        plain(row.book_step_milliseconds, 0),
        brief(row.epoch_seconds),
        brief(row.book_epoch_seconds),
        brief(row.wall_seconds),
        brief(row.book_wall_seconds),
        NONE if math.isnan(row.images_per_second) else count(row.images_per_second),
        NONE if math.isnan(row.input_images_per_second) else count(row.input_images_per_second),
        spread(row.top1_mean, row.top1_sd),
        plain(row.book_top1),
        spread(row.top5_mean, row.top5_sd),
        plain(row.book_top5),
    ]


def _accuracy_caption(table: pd.DataFrame, n: int) -> str:
    theirs = table["dataset"].iloc[0] == book.DATASET
    text = f"Validation accuracy by epoch{', mean over the seeds' if n > 1 else ''}."
    return text + (" Diamonds: the book’s points, filled with the colour of the cell they belong to." if theirs else "")


def _differences(found: Sequence[Difference]) -> Section:
    return Section(
        "How this differs from the book’s experiment",
        lead=(
            "Compared setting by setting with the record of the runs; rows are what differs. During training the book "
            "scored the images that fill its batches, and normalised those of networks with BatchNorm by the "
            "statistics of each validation batch; ours scores every image with the running statistics. The label "
            "smoothing in the recipe of ViT-Tiny acts on none of its targets, all of which are mixed from plain "
            "labels, there and here. The record states neither the formulas of the colour jitter nor the space in "
            "which erasing fills with zeros, nor, for the convolutional runs, initial weights and what decays."
        ),
        header=("", "This run", "The book") if found else (),
        rows=[(d.aspect, d.ours, d.book) for d in found],
    )
