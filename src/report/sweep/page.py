"""The page on a sweep, or on any cells that no other report is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from report.engine import citation
from report.engine.formats import NONE, brief, count, listing, plain, words
from report.engine.page import Column, Page, Picture, Section, Table
from report.runs import curves, divergence, frames, provenance, smoke
from report.runs.command import CURVES, DATA, FIRST, Report, Trained
from report.sweep import points
from report.sweep.figure import figures
from report.sweep.findings import findings
from report.sweep.table import in_order, per_point

if TYPE_CHECKING:
    import pandas as pd


def page(trained: Trained) -> Page:
    """Assemble the page from configurations, summaries and the tables made of them."""
    cells, keys = trained.cells, points.keys(trained.cells)
    banner = smoke.banner(cells)
    title, seeds = cells[0].config.get("dataset.title"), words(trained.n, "seed")
    names = listing(f"`{points.short(key)}`" for key in keys)
    said = [] if banner else findings(cells)
    return Page(
        title=f"What changes with {listing(points.short(key) for key in keys)}?" if keys else "Cells side by side",
        subtitle=f"{title}: {words(len(cells), 'cell')}, {seeds} each",
        question=(
            f"Every cell is trained with every value of {names}, and with the same seeds, so that what differs between "
            "two points of a line is the value and nothing else."
            if keys
            else "Cells trained with the same seeds, beside each other."
        ),
        book=citation.sentence("10"),
        notice=smoke.opening(banner, None),
        blocks=[
            _table(trained.table, keys, trained.n),
            Picture(FIRST, _caption(trained, keys)),
            *([Section("What the numbers say", sentences=said)] if said else []),
            Picture(CURVES, curves.caption(trained.n, trained.counted_curves, trained.table)),
            Section("What was run", facts=provenance.what_was_run(cells)),
        ],
        footer=provenance.footer(cells),
        data=DATA,
    )


def _table(table: pd.DataFrame, keys: list[str], n: int) -> Table:
    import json

    return Table(
        caption=(
            f"Top-1 accuracy in percent ({frames.spread(table, n)}; all {count(table['val_images'].iloc[0])} "
            "validation images) and cross-entropy. Step: time of a training step with its input, median over runs. "
            "Run: mean wall time."
        ),
        header=[Column("Cell"), *(Column(points.short(key)) for key in keys), "Top-1 (%)", "Loss", "Step (ms)", "Run"],
        rows=[
            [
                f"`{row['of']}`",
                *(points.said(json.loads(row[key])) if isinstance(row[key], str) else NONE for key in keys),
                frames.accuracy(row, plain(row["top1_mean"]), row["top1_sd"]),
                plain(row["val_loss"], 3),
                plain(row["step_milliseconds"], 1),
                brief(row["wall_seconds"]),
            ]
            for _, row in table.iterrows()
        ],
        notes=divergence.notes(table),
    )


def _caption(trained: Trained, keys: list[str]) -> str:
    over = f" over {points.short(keys[0])}" if keys else ""
    marks = "Open circles: single seeds; dots: their mean." if trained.n > 1 else "Dots: the single seed."
    return f"Validation top-1 at the end of training{over}. {marks}{divergence.missing(trained.table)}"


REPORT = Report(table=per_point, figures=figures, page=page, order=in_order)
