"""The page on the catalogue's classifiers, trained by one recipe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import netspec
from report.engine import citation
from report.engine.formats import NONE, aligned, count, plain, words
from report.engine.page import Block, Column, Page, Picture, Section, Table
from report.runs import curves, divergence, frames, provenance, smoke
from report.runs.command import CURVES, DATA, FIRST, Report, Trained
from report.runs.load import Cell
from report.zoo.figure import figures
from report.zoo.findings import findings
from report.zoo.table import per_architecture, per_run

if TYPE_CHECKING:
    import pandas as pd

HEADER = (
    Column("Cell"), Column("Model", "1fr"), Column("Paper", "1.1fr"), "Parameters", "Multiply-adds\nper image (M)",
    "Top-1 (%)", "95 % interval\n(%)", "Step\n(ms)", "Images\nper s", "Compiling\n(s)", "All runs\n(s)",
)  # fmt: skip

#: Of what a report says was run, the facts that are not one column of the table already.
FACTS = ("Data", "Training", "Runs", "Date", "Hardware", "Wall time", "Commit", "Software")

#: Keys of a resolved cell that are its recipe, but for the network.
RECIPE = (
    "initialization", "epochs", "batch_size", "accumulate", "optimizer", "schedule", "label_smoothing", "dropout",
    "stochastic_depth", "ema_decay", "precision", "augmentation",
)  # fmt: skip


def page(trained: Trained) -> Page:
    """Assemble the report from the cells' configurations and summaries and from the tables made of them."""
    cells, table, n = trained.cells, trained.table, trained.n
    banner = smoke.banner(cells)
    marks = "Open circles: single seeds; dot: their mean, with its cell." if n > 1 else "Dot: the single seed."
    accuracy = (
        "Top-1 on the validation images against the size of the network, on logarithmic axes. "
        f"{marks}{divergence.missing(table)}"
    )
    blocks: list[Block] = [_table(cells, table, n), Picture(FIRST, accuracy)]
    if banner is None:
        blocks += [Section("What the numbers say", sentences=findings(table, trained.runs))]
    blocks += [
        Picture(CURVES, curves.caption(n, trained.counted_curves, table)),
        Section("What was run", facts=provenance.what_was_run(cells, FACTS)),
    ]
    return Page(
        title="Architectures of the catalogue, trained",
        subtitle=f"{cells[0].config.get('dataset.title')}: {words(len(table), 'architecture')}, "
        f"{words(n, 'seed')} each",
        question=(
            "Every classifier of the catalogue can be trained by naming it in a recipe. Here "
            f"{words(len(table), 'network')}{_families(cells)} {_are(len(table))} built from the catalogue’s layers "
            f"and trained{_alike(cells)}. The question is whether each learns, how large it is, and what a step and "
            "its compilation cost."
        ),
        book=citation.sentence("10", "11"),
        notice=smoke.opening(banner, _notice(cells)),
        blocks=blocks,
        footer=provenance.footer(cells),
        data=DATA,
    )


def _notice(cells: Sequence[Cell]) -> tuple[str, str]:
    """What the table is not, from what was trained on what."""
    return (
        "A test that everything works, not a ranking.",
        f"These networks are trained on {cells[0].config.get('dataset.title')}{_alike(cells)}. Which architecture is "
        "better on other data, at another size or with a recipe of its own cannot be read from this table.",
    )


def _families(cells: Sequence[Cell]) -> str:
    """Of how many headings of the catalogue the networks are, where it is as many."""
    entries = {netspec.find(cell.config.get("model")).provenance.entry for cell in cells}
    return " of as many families" if len(entries) == len(cells) > 1 else ""


def _alike(cells: Sequence[Cell]) -> str:
    """That one recipe trained all, where it is so."""
    recipes = [[cell.config.get(key) for key in RECIPE] for cell in cells]
    return " by one and the same recipe" if all(recipe == recipes[0] for recipe in recipes) else ""


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def _table(cells: Sequence[Cell], table: pd.DataFrame, n: int) -> Table:
    return Table(_table_caption(cells, table, n), HEADER, _rows(table))


def _table_caption(cells: Sequence[Cell], table: pd.DataFrame, n: int) -> str:
    facts = dict(provenance.what_was_run(cells))
    commit = provenance.commit([run for cell in cells for run in cell.runs], short=True)
    data = facts["Data"].split(" Source:")[0]
    top1 = (
        f"Top-1: mean ± sample standard deviation over n = {n} seeds, and the mean’s 95 % interval (Student’s t, "
        f"{words(n - 1, 'degree')} of freedom). "
        if n > 1
        else "Top-1: one seed, hence neither spread nor interval. "
    )
    if n > 1 and (table["interval_high"] > 100).any():
        top1 += "With so few seeds an interval may reach beyond 100 %. "
    compiling = (
        "Compiling: median time of the first step over the runs that compiled it; runs that found it in the cache do "
        "not count. "
    )
    if said := divergence.left_out(table):
        top1 += f"{said} "
    if (table["compiling_runs"] == 0).any():
        compiling += "A dash: no run did, or only an interrupted one. "
    machine = f"Machine: {facts['Hardware']} " if "Hardware" in facts else ""
    return (
        f"{data} {top1}Step: median over the seeds of the mean time of a training step with its input. {compiling}"
        f"All runs: wall time of all seeds together. {machine}Commit {commit}."
    )


def _rows(table: pd.DataFrame) -> list[list[str]]:
    """The table's cells as text, decimals aligned within each column."""
    low, high = (aligned([plain(v) for v in table[column]]) for column in ("interval_low", "interval_high"))
    rows = []
    for i, row in enumerate(table.itertuples()):
        several = row.n > 1
        rows.append(
            [
                f"`{row.cell}`",
                row.model,
                row.paper.split(",")[0],
                count(row.params),
                plain(row.macs / 1e6),
                frames.accuracy(row, plain(row.top1_mean), row.top1_sd),
                f"{low[i]} to {high[i]}" if several else NONE,
                plain(row.step_milliseconds, 1),
                NONE if row.images_per_second != row.images_per_second else count(row.images_per_second),
                plain(row.compile_seconds, 1),
                plain(row.wall_seconds, 1),
            ]
        )
    return rows


REPORT = Report(table=per_architecture, figures=figures, page=page, runs=per_run)
