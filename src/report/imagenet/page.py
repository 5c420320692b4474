"""The page on the ImageNet runs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from report.engine import citation
from report.engine.formats import NONE, brief, count, plain, words
from report.engine.page import Column, Page, Picture, Section, Table
from report.imagenet import book, corrections
from report.imagenet.figure import figures
from report.imagenet.findings import findings
from report.imagenet.protocol import ASPECTS, TYPES, comparable, states
from report.imagenet.recipe import recipe
from report.imagenet.table import collapsed, per_cell
from report.runs import divergence, frames, provenance, smoke
from report.runs.command import CURVES, DATA, FIRST, Report, Trained
from report.runs.comparison import Difference, another_recipe, compare
from report.runs.load import Cell

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
HEADER = (Column("Cell"), Column("Type"), "Epochs", *("ours", "book") * 3, "step", "input", *("ours", "book") * 2)

FACTS = ("Data", "Runs", "Date", "Hardware", "Wall time", "Commit", "Software")


def page(trained: Trained) -> Page:
    """Assemble the page from configurations, summaries and the tables made of them."""
    cells, table, n = trained.cells, trained.table, trained.n
    banner = smoke.banner(cells)
    found = differences(cells)
    seeds = words(n, "seed")
    return Page(
        title="ImageNet, chapter 10.5",
        subtitle=f"{cells[0].config.get('dataset.title')}: {words(len(table), 'cell')}, {seeds} each",
        question=(
            "Chapter 10.5 takes the Vision Transformer from ten classes to a thousand: DeiT’s recipe in bfloat16, a "
            "clipped gradient without which, it reports, training collapses during warm-up, and one run of 80 epochs. "
            "Here its runs are made again from the catalogue’s layers, beside the printed figures; where settings "
            "differ is listed at the end."
        ),
        book=citation.sentence("10.5"),
        notice=smoke.opening(banner, _notice(cells)),
        blocks=[
            _table(table, n),
            Picture(FIRST, _accuracy_caption(table, n)),
            *([] if banner else [Section("What the numbers say", sentences=findings(table))]),
            Picture(
                CURVES,
                f"Training loss by epoch{', mean over the seeds' if n > 1 else ''}. Dashed: the loss of a network that "
                "says every class is as likely. A loss on mixed labels cannot fall to zero."
                + (" Dotted: runs that diverged, up to the last finite loss." if table["diverged"].any() else ""),
            ),
            Section("The cells", facts=[(f"`{cell.name}`", recipe(cell)) for cell in cells]),
            Section("What was run", facts=provenance.what_was_run(cells, FACTS)),
            corrections.section(),
            _differences(cells, found),
        ],
        footer=provenance.footer(cells),
        data=DATA,
    )


def differences(cells: Sequence[Cell]) -> list[Difference]:
    """What differs from the record, of the settings that it states."""
    pairs = [(cell, book.rows()[cell.book_row]) for cell in cells if cell.book_row]
    found = []
    for aspect in ASPECTS:
        stated = [(cell, row) for cell, row in pairs if states(row, aspect)]
        found += compare(stated, [aspect]) if stated else []
    return found


def _notice(cells: Sequence[Cell]) -> tuple[str, str] | None:
    """What a reader must know before the first number, if this is not the book's experiment."""
    cell = cells[0]
    if cell.config.get("dataset.name") == book.DATASET:
        return another_recipe([cell for cell in cells if cell.book_row and not comparable(cell)])
    title = cell.config.get("dataset.title")
    return (
        "This is not the book’s experiment.",
        f"It is on “{title}”, not on ImageNet. Its figures and the book’s say nothing about each other.",
    )


def _table(table: pd.DataFrame, n: int) -> Table:
    spread = frames.spread(table, n)
    notes = divergence.notes(table)
    if any(collapsed(row) for row in table.itertuples()):
        notes.append(("†", "Ended at chance."))
    if (table["epochs"] == 1).any():
        notes.append(("‡", "One epoch, for its speed."))
    return Table(
        caption=(
            f"Speed and accuracy ({spread}; all {count(table['val_images'].iloc[0])} validation images), ours beside "
            "the book’s. Type: of matrix products. Step: mean time of a step with its input. Epoch: wall time by "
            "epochs, validation and checkpoints included. Images per s: of training steps, and of reading and "
            "preparing alone where it was measured."
            + (" The book’s run in fp32 was timed and projected." if _projected(table) else "")
        ),
        header=HEADER,
        groups=GROUPS,
        rows=[_row(row) for row in table.itertuples()],
        notes=notes,
    )


def _projected(table: pd.DataFrame) -> bool:
    """Whether a cell stands beside a run of the book that was not made to its end."""
    return any("throughput" in book.rows()[name].columns["run"] for name in table["book_row"].dropna())


def _row(row) -> list[str]:
    mark = "†" if collapsed(row) else "‡" if row.epochs == 1 else ""

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
        frames.accuracy(row, plain(row.top1_mean), row.top1_sd, mark),
        plain(row.book_top1),
        frames.accuracy(row, plain(row.top5_mean), row.top5_sd, mark) if row.n else NONE,
        plain(row.book_top5),
    ]


def _accuracy_caption(table: pd.DataFrame, n: int) -> str:
    theirs = table["dataset"].iloc[0] == book.DATASET
    text = f"Validation accuracy by epoch{', mean over the seeds' if n > 1 else ''}.{divergence.missing(table)}"
    return text + (" Diamonds: the book’s points, filled with the colour of the cell they belong to." if theirs else "")


def _differences(cells: Sequence[Cell], found: Sequence[Difference]) -> Section:
    mixed = [cell for cell in cells if cell.config.get("augmentation.semantics") == "imagenet"]
    smoothing = (
        "The label smoothing in the recipe of ViT-Tiny acts on none of its targets, all of which are mixed from plain "
        "labels, there and here. "
    )
    return Section(
        "How this differs from the book’s experiment",
        lead=(
            "Compared setting by setting with the record of the runs; rows are what differs. During training the book "
            "scored the images that fill its batches, and normalised those of networks with BatchNorm by the "
            "statistics of each validation batch; ours scores every image with the running statistics. "
            f"{smoothing if mixed else ''}The record states neither the formulas of the colour jitter nor the space in "
            "which erasing fills with zeros, nor, for the convolutional runs, initial weights and what decays."
        ),
        header=("", "This run", "The book"),
        rows=[(d.aspect, d.ours, d.book) for d in found],
    )


REPORT = Report(table=per_cell, figures=figures, page=page)
