"""The page of one example of the document: how it is built, what its listing had wrong, and what came of its claims."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from netspec.ownership import write_all
from netspec.vocabulary import Erratum, errata
from report.engine.errors import ReportError
from report.engine.escape import phrase
from report.engine.files import ending, files
from report.engine.formats import listing, words
from report.engine.page import Block, Column, Page, Picture, Section, Table
from report.engine.rows import encode_plain
from report.trials import curves, diagram, figure, tables
from report.trials.page import COLUMNS, RUNS, SMOKE, at_commits, facts, row_of, table_of_runs
from report.trials.verdicts import REFUTED, RULE, SUPPORTED, UNDECIDED, Tried
from report.vocabulary import source

BUILT, EFFECTS, CURVES = "*_built.svg", "*.svg", "*_curves.svg"
DATA = ("*.csv", "*_runs.csv")


def write(trial: Tried, stem: Path) -> None:
    """Write the page, its drawings and two tables: whole, or nothing.

    Raises :class:`ReportError` for a trial that is no example.
    """
    if trial.settings.lines is None or not trial.settings.drawing:
        raise ReportError(f"{trial.settings.name}: is no example, expected keys 'lines' and 'drawing' in its file")
    drawings = {BUILT: diagram.drawn(trial.settings.drawing), EFFECTS: figure.effects([trial])}
    if (along := curves.drawn(trial)) is not None:
        drawings[CURVES] = along
    made = {
        ending(stem, ".csv"): encode_plain(COLUMNS, [row_of(trial, claim) for claim in trial.claims()]),
        ending(stem, "_runs.csv"): encode_plain(RUNS, table_of_runs([trial])),
    }
    made |= {ending(stem, name.removeprefix("*")): content for name, content in drawings.items()}
    write_all(made | files(page(trial, curves=CURVES in drawings), stem, drawings))


def page(trial: Tried, *, curves: bool) -> Page:
    """What was found, the drawing, the listing's errors, what was reached and what was claimed."""
    settings, smoke = trial.settings, bool(trial.about["smoke"])
    first, last = settings.lines or (0, 0)
    blocks: list[Block] = [] if smoke else [Section("Answer", sentences=_answer(trial))]
    wrong = [one for one in errata() if first <= one.line <= last]
    blocks.append(
        Picture(BUILT, "How it is built here. A vermilion frame marks what the document has otherwise, or not at all.")
    )
    if settings.remarks:
        blocks.append(
            Section("What was mended, and what is left out", sentences=[phrase(one) for one in settings.remarks])
        )
    blocks.append(Picture(EFFECTS, figure.CAPTION))
    if curves:
        blocks.append(
            Picture(CURVES, "Lines are means over the judged runs, bands reach from the lowest of them to the highest.")
        )
    wide: list[Block] = [tables.variants(trial)]
    wide += [] if smoke else [tables.claims(trial), *tables.printed([trial])]
    wide += [*_told(trial), *([_errata(wrong)] if wrong else [])]
    wide.append(Section("What was run", facts=facts([trial])))
    return Page(
        title=settings.title,
        subtitle=f"An example of the vocabulary, lines {first} to {last}",
        question=settings.question,
        book=source.sentence(),
        notice=SMOKE if smoke else None,
        blocks=blocks,
        wide=wide,
        footer=f"{settings.title}, {at_commits([trial])}",
        data=DATA,
    )


def _answer(trial: Tried) -> list[str]:
    """How many claims hold, and each with its verdict."""
    claims = trial.claims()
    found = Counter(claim.verdict for claim in claims)
    counted = listing(f"{found[kind]} {kind}" for kind in (SUPPORTED, REFUTED, UNDECIDED) if found[kind])
    each = [
        f"{kind.capitalize()}: "
        + "; ".join(
            f"{phrase(one.told['says'])} (line {one.told['line']}, {tables.by_how_much(one)})"
            for one in claims
            if one.verdict == kind
        )
        + "."
        for kind in (SUPPORTED, REFUTED, UNDECIDED)
        if found[kind]
    ]
    return [f"Of {words(len(claims), 'claim')}: {counted}.", *each, RULE]


def _told(trial: Tried) -> list[Block]:
    """What the first judged run of each variant did, in its own words."""
    said = [(run["variant"], phrase(run["told"])) for run in trial.about["runs"] if run.get("told")]
    return [Section("What was done, by the first seed", facts=said)] if said else []


def _errata(wrong: Sequence[Erratum]) -> Table:
    header = ("Line", Column("Printed", "1fr"), Column("Right, and so here", "1fr"), Column("Shown"))
    rows = [[str(one.line), phrase(one.printed), phrase(one.right), one.shown] for one in wrong]
    return Table("What the document has wrong in these lines; `snakemake vocabulary` shows each.", header, rows)
