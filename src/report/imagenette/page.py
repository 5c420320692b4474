"""The page on the networks of ch. 10.3."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from report.ablation import book as ablation
from report.engine import citation
from report.engine.formats import NONE, aligned, brief, count, listing, plain, signed, words
from report.engine.page import Block, Column, Page, Picture, Section, Table
from report.imagenette import book
from report.imagenette.figure import book_curves, figures
from report.imagenette.findings import findings
from report.imagenette.protocol import ASPECTS, comparable
from report.imagenette.table import per_cell
from report.runs import curves, divergence, frames, provenance, smoke
from report.runs.command import CURVES, DATA, FIRST, Report, Trained
from report.runs.comparison import Difference, another_recipe, compare
from report.runs.load import Cell

if TYPE_CHECKING:
    import pandas as pd

GROUPS = (("", 1), ("Parameters", 2), ("MLIR (KB)", 2), ("Step (ms)", 2), ("Run", 2), ("Top-1 (%)", 4))
HEADER = (Column("Cell"), *("ours", "book") * 4, "ours", "book", "gap", "rerun")

#: Epochs of the log that ch. 10.3 prints.
LOGGED = (10, 20, 40, 60, 80)

#: Of what a report says was run, what is not a column of the table already.
FACTS = ("Data", "Training", "Runs", "Date", "Hardware", "Wall time", "Throughput", "Commit", "Software")


def page(trained: Trained) -> Page:
    """Assemble the page from configurations, summaries and the tables made of them."""
    cells, table, n = trained.cells, trained.table, trained.n
    drawn = trained.counted_curves
    banner = smoke.banner(cells)
    pairs = [(cell, book.rows()[cell.book_row]) for cell in cells if cell.book_row]
    found = compare(pairs, ASPECTS)
    dataset = cells[0].config.get("dataset.title")
    blocks: list[Block] = [_table(table, n), Picture(FIRST, _accuracy_caption(table, n))]
    if banner is None:
        blocks += [Section("What the numbers say", sentences=findings(table, _floor(cells)))]
    blocks += _log(cells, drawn)
    blocks += [
        Picture(CURVES, curves.caption(n, drawn, table, book_curves(table))),
        Section("What was run", facts=provenance.what_was_run(cells, FACTS)),
        _differences(found),
    ]
    return Page(
        title="The networks of chapter 10.3, trained",
        subtitle=f"{dataset}: {words(len(table), 'network')}, {words(n, 'seed')} each",
        question=(
            "Chapter 10.3 closes with a table of the networks that Part 1 has built, each trained for 80 epochs on the "
            "nine thousand photographs of Imagenette: how many parameters, how long a program, how long a step and a "
            "run, how accurate. Here the table is made again from the catalogue’s layers, beside the printed figures; "
            "where settings differ is listed at the end."
        ),
        book=citation.sentence("10.3"),
        notice=smoke.opening(banner, _notice(cells, found)),
        blocks=blocks,
        footer=provenance.footer(cells),
        data=DATA,
    )


def _notice(cells: Sequence[Cell], found: Sequence[Difference]) -> tuple[str, str] | None:
    """What a reader must know before the first number, if this is not the book's experiment."""
    cell = cells[0]
    smaller = [d for d in found if d.smaller]
    other = not ablation.is_dataset(cell.config.get("dataset.name"))
    if not other and not smaller:
        return another_recipe([cell for cell in cells if cell.book_row and not comparable(cell)])
    data = f"It is on “{cell.config.get('dataset.title')}”, not on Imagenette. " if other else ""
    sizes = [f"{d.ours} instead of {d.book} {d.unit}" for d in smaller if d.unit != "parameters"]
    sizes += ["smaller networks"] if len(sizes) < len(smaller) else []
    size = f"It has {listing(sizes)}. " if sizes else ""
    return (
        "This is not the book’s experiment.",
        f"{data}{size}Its figures and the book’s say nothing about each other, and no gap between them is given.",
    )


def _table(table: pd.DataFrame, n: int) -> Table:
    spread = frames.spread(table, n)
    images = count(table["val_images"].iloc[0])
    return Table(
        caption=(
            f"Size, program, time and accuracy ({spread}; all {images} validation images), ours beside the book’s. "
            "MLIR: length of the program of a training step of 32 images, ours as StableHLO, the book’s as its own "
            "generator writes it. Step: median over the seeds of the mean time of a step with its input. "
            + ("Gap: our top-1 minus the book’s. " if table["gap"].notna().any() else "")
            + "Rerun: the companion repository’s run of August 2026."
        ),
        header=HEADER,
        groups=GROUPS,
        rows=_rows(table),
        notes=[*divergence.notes(table), *_notes(table)],
    )


def _rows(table: pd.DataFrame) -> list[list[str]]:
    def kilo(value: float) -> str:
        return plain(value / 1000, 0)

    top1 = aligned([plain(value) for value in table["top1_mean"]])
    rows = []
    for text, row in zip(top1, table.itertuples(), strict=True):
        mark = ""
        if isinstance(row.book_row, str):
            mark = "‡" if book.before_correction(book.rows()[row.book_row]) else ""
        rows.append(
            [
                f"`{row.cell}`",
                count(row.params),
                NONE if math.isnan(row.book_params) else count(row.book_params),
                kilo(row.mlir_characters),
                kilo(row.book_mlir_characters),
                plain(row.step_milliseconds, 0 if row.step_milliseconds >= 100 else 1),
                plain(row.book_step_milliseconds, 0),
                brief(row.wall_seconds),
                brief(row.book_wall_seconds),
                frames.accuracy(row, text, row.top1_sd),
                plain(row.book_top1) + mark,
                signed(row.gap),
                plain(row.book_rerun_top1),
            ]
        )
    return rows


def _notes(table: pd.DataFrame) -> list[tuple[str, str]]:
    rows = [book.rows()[name] for name in table["book_row"].dropna()]
    if not rows:
        return []
    hardware = listing(dict.fromkeys(row.columns["hardware"] for row in rows))
    scored, total = map(count, book.scored())
    notes = [("", f"Book: one run each on {hardware}, {scored} of {total} validation images scored.")]
    if any(book.before_correction(row) for row in rows):
        notes.append(
            ("‡", "Trained from a faulty initialisation (before 2026-04-22); the rerun is what compares with ours.")
        )
    return notes


def _floor(cells: Sequence[Cell]) -> float:
    """Cross-entropy of the smoothed target with itself, the least a loss can be (book ch. 10.3: 0.5003).

    NaN where cells are smoothed differently, or not at all.
    """
    settings = {(cell.config.get("label_smoothing"), cell.first.summary.get("classes")) for cell in cells}
    if len(settings) > 1 or not min(settings)[0]:
        return math.nan
    ((s, classes),) = settings
    shares = [1 - s + s / classes] + [s / classes] * (classes - 1)
    return -sum(p * math.log(p) for p in shares if p)


def _log(cells: Sequence[Cell], curves: pd.DataFrame) -> list[Table]:
    """The log that the chapter prints beside ours, for every cell whose run in the book has one."""
    tables = []
    for cell in cells:
        log = book.log_of(book.rows()[cell.book_row]).set_index("epoch") if cell.book_row else None
        if log is None or log.empty:
            continue
        epochs = cell.config.get("epochs")
        if not cell.counted:
            continue
        own = curves[curves["cell"] == cell.name].assign(metric=lambda frame: frame["split"] + " " + frame["metric"])
        means = own.pivot_table(index="epoch", columns="metric", values="value", aggfunc="mean")
        rows = []
        for printed in LOGGED:
            epoch = max(1, round(printed * epochs / LOGGED[-1]))
            ours = means.loc[epoch]
            theirs = log.loc[printed]
            rows.append(
                [
                    f"{epoch}",
                    plain(ours.get("train loss", math.nan), 4),
                    plain(theirs["train_loss"], 4),
                    plain(ours["train learning_rate"], 6),
                    plain(theirs["lr"], 6),
                    plain(ours.get("val top1", math.nan)),
                    plain(theirs["val_acc"]),
                ]
            )
        shares = "" if epochs == LOGGED[-1] else " Epochs at the same share of training; the book’s are of 80."
        n = len(cell.counted)
        tables.append(
            Table(
                caption=(
                    f"The log of `{cell.name}` ({f'means of {n} seeds' if n > 1 else 'one seed'}) beside the one that "
                    f"the chapter prints: training loss, learning rate, validation top-1.{shares}"
                ),
                header=(Column("Epoch"), *("ours", "book") * 3),
                groups=(("", 1), ("Loss", 2), ("Learning rate", 2), ("Top-1 (%)", 2)),
                rows=rows,
            )
        )
    return tables


def _accuracy_caption(table: pd.DataFrame, n: int) -> str:
    marks = "Open circles: single seeds; dot: their mean" if n > 1 else "Dot: the single seed"
    theirs = ablation.is_dataset(table["dataset"].iloc[0])
    text = f"Validation top-1 of each network. {marks}.{divergence.missing(table)}"
    return text + (" Diamonds: the book, filled as printed, open its rerun of August 2026." if theirs else "")


def _differences(found: Sequence[Difference]) -> Section:
    lead = (
        "Compared setting by setting with the record of the book’s runs; rows are what differs. Both score with "
        "running BatchNorm statistics. The images the book left out are the last of the sorted folders, all of one "
        "class. Random numbers are other ones, as everywhere."
    )
    return Section(
        "How this differs from the book’s experiment",
        lead=lead,
        header=("", "This run", "The book"),
        rows=[(d.aspect, d.ours, d.book) for d in found],
    )


REPORT = Report(table=per_cell, figures=figures, page=page, lowers=True)
