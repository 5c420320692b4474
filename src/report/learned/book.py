"""What the book and its companion repository print of such networks, beside ours."""

from __future__ import annotations

import re
from collections.abc import Sequence

from report.engine import reference
from report.engine.formats import NONE, count, plain
from report.engine.page import Block, Column, Table
from report.learned.about import About
from report.runs import frames, statistics
from report.runs.load import Cell, Run, metrics

FILE = "book_demos.csv"

#: A loss that a row prints for an epoch.
OF_EPOCH = re.compile(r"(\d\.\d+) in epoch (\d+)")


def demos(about: About) -> dict[str, reference.Row]:
    """The rows of the report by name, such as ``TinyGPT Shakespeare: nano``."""
    rows = reference.rows(FILE, lambda line: f"{line['demo']}: {line['variant']}")
    return {name: row for name, row in rows.items() if name.startswith(about.demos)}


def book_table(about: About, cells: Sequence[Cell]) -> Table:
    """A row per demo with what is printed, and ours where a cell is of that row, trained on whatever it was.

    Raises :class:`report.engine.errors.ReportError` for a cell that names another row.
    """
    known = demos(about)
    frames.check_rows(cells, known)
    mine = {cell.book_row: cell for cell in cells if cell.book_row}
    notes: dict[str, str] = {}
    rows = [_row(about, row, mine.get(name), notes) for name, row in known.items()]
    caption = (
        "The demos of the companion repository, with what it and the chapter print, and our run of the same network "
        f"where this page has one ({about.said(about.headline)}, mean over seeds)."
        + (" Marks say in what ours is another experiment." if notes else "")
    )
    header = (
        Column("Demo"), Column("Data", "1fr"), "Parameters", Column("Printed result", "1.4fr"), Column("Ours", "0.7fr"),
    )  # fmt: skip
    return Table(caption, header, rows, notes=[(mark, text) for text, mark in notes.items()])


def _row(about: About, row: reference.Row, cell: Cell | None, notes: dict[str, str]) -> list[str]:
    ours = "not run here"
    if cell is not None:
        value = statistics.mean([run.metric(about.headline) for run in cell.counted])
        ours = plain(value, about.places(about.headline)) if cell.counted else NONE
        ours += "".join(notes.setdefault(text, "¹²³⁴⁵⁶⁷⁸"[len(notes)]) for text in unlike(row, cell))
    params = row.columns["params"]
    return [row.name, row.text("data"), count(float(params)) if params else NONE, row.text("printed"), ours]


def by_epoch(about: About, cells: Sequence[Cell]) -> list[Block]:
    """Training losses by epoch beside those printed, of cells on the data of their row; nothing where none is."""
    known, rows = demos(about), []
    for cell in cells:
        row = known.get(cell.book_row or "")
        if row is None or not cell.counted or cell.config.get("dataset.name") != row.columns["dataset"]:
            continue
        printed = {int(epoch): loss for loss, epoch in OF_EPOCH.findall(row.text("printed"))}
        found = [_losses(run) for run in cell.counted]
        ours = {epoch: statistics.mean([losses[epoch] for losses in found]) for epoch in found[0]}
        if printed.keys() & ours.keys():
            losses = {epoch: plain(ours[epoch], 4) if epoch in ours else NONE for epoch in sorted({*printed, *ours})}
            rows += [[row.name, str(epoch), printed.get(epoch, NONE), loss] for epoch, loss in losses.items()]
    caption = "Mean training loss over an epoch, as the companion repository prints it and ours (mean over seeds)."
    return [Table(caption, (Column("Demo", "1fr"), "Epoch", "Printed", "Ours"), rows)] if rows else []


def _losses(run: Run) -> dict[int, float]:
    frame = metrics(run)
    train = frame[(frame["split"] == "train") & (frame["metric"] == "loss")]
    return {int(epoch): float(value) for epoch, value in zip(train["epoch"], train["value"], strict=True)}


def unlike(row: reference.Row, cell: Cell) -> list[str]:
    """In what a cell is not the demo of a row: its data, and its length."""
    found = []
    if cell.config.get("dataset.name") != row.columns["dataset"]:
        found.append(f"on {cell.config.get('dataset.title')}, not on the demo’s data: the two figures do not compare")
    steps, wanted = cell.first.summary.get("steps"), row.number("steps")
    if wanted == wanted and steps < wanted:
        found.append(f"{count(steps)} steps, where the demo takes {count(wanted)}")
    return found
