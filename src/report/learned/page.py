"""The page on cells of one task, and the report that it belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from report.engine import citation
from report.engine.formats import NONE, brief, count, plain, words
from report.engine.page import Block, Column, Page, Picture, Section, Table
from report.learned.about import About
from report.learned.book import book_table, by_epoch
from report.learned.figure import figures, measured
from report.learned.findings import findings
from report.learned.table import tables
from report.runs import divergence, frames, provenance, smoke
from report.runs.command import CURVES, DATA, FIRST, Report, Trained

if TYPE_CHECKING:
    import pandas as pd


def report_of(about: About) -> Report:
    """The report with this content."""

    def drawn(trained: Trained) -> tuple[bytes, bytes]:
        return figures(about.measured(trained.cells), trained)

    def assembled(trained: Trained) -> Page:
        return page(about.measured(trained.cells), trained)

    return Report(figures=drawn, page=assembled, **tables(about))


def page(about: About, trained: Trained) -> Page:
    """Assemble the page from configurations, summaries, the tables made of them, and the files that runs left."""
    cells = trained.cells
    banner = smoke.banner(cells)
    data = cells[0].config.get("dataset.title")
    said = [] if banner else findings(about, trained)
    blocks: list[Block] = [
        _table(about, trained.table, trained.n),
        *about.tables(trained),
        Picture(FIRST, _caption(about, trained)),
        *([Section("What the numbers say", sentences=said)] if said else []),
        Picture(CURVES, _curves_caption(about, trained)),
        *about.pictures(trained),
        book_table(about, cells),
        *by_epoch(about, cells),
        Section("What was run", facts=provenance.what_was_run(cells)),
    ]
    return Page(
        title=about.title,
        subtitle=f"{data}: {words(len(cells), 'cell')}, {words(trained.n, 'seed')} each",
        question=about.question,
        book=citation.sentence(*about.sections),
        notice=smoke.opening(banner, None),
        blocks=blocks,
        footer=provenance.footer(cells),
        data=DATA,
    )


def _table(about: About, table: pd.DataFrame, n: int) -> Table:
    unit = about.of.unit
    first = Column("Cell"), Column("What it is", "1fr"), "Parameters"
    return Table(
        caption=(
            f"What each cell reaches ({frames.spread(table, n)}; all {count(table['val_images'].iloc[0])} validation "
            f"{unit}). Step: time of a training step with its input, median over runs. Run: mean wall time."
        ),
        header=[*first, *map(about.heading, about.metrics), "Step\n(ms)", "Run"],
        rows=[
            [
                f"`{row['cell']}`",
                row["description"],
                count(row["params"]),
                *(_reached(about, row, metric) for metric in about.metrics),
                plain(row["step_milliseconds"], 1),
                brief(row["wall_seconds"]),
            ]
            for _, row in table.iterrows()
        ],
        notes=divergence.notes(table),
    )


def _reached(about: About, row: pd.Series, metric: str) -> str:
    """A mean with its deviation over seeds."""
    if not row["n"]:
        return divergence.ALL if metric == about.headline else NONE
    places, sd = about.places(metric), row[f"{metric}_sd"]
    text = plain(row[f"{metric}_mean"], places) + (f" ± {plain(sd, places)}" if row["n"] > 1 else "")
    return text + (divergence.mark(row) if metric == about.headline else "")


def _caption(about: About, trained: Trained) -> str:
    marks = "circles: single seeds; strokes: their mean" if trained.n > 1 else "circle and stroke: the single seed"
    left = f"{about.said(about.headline)} on the validation {about.of.unit}; {marks}."
    beside = f" Right: {about.panel.caption}" if about.panel else ""
    return f"{'Left: ' if beside else ''}{left}{beside}{divergence.missing(trained.table)}"


def _curves_caption(about: About, trained: Trained) -> str:
    lines = f"Thin: {words(trained.n, 'seed')}; thick: their mean" if trained.n > 1 else "Line: the single seed"
    return f"{about.said(measured(about, trained))} during training, on one scale, with the last mean above. {lines}."
