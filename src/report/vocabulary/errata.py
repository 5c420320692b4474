"""The page of errata: line, what is printed, what is right, and how that was shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from netspec.vocabulary import entries
from netspec.vocabulary.entry import FAMILIES, SHOWN
from report.engine.formats import listing, words
from report.engine.page import Band, Cell, Column, Line, Page, Section, Table
from report.vocabulary import source
from report.vocabulary.rows import ErratumRow

TITLE = "Errata of the vocabulary"

QUESTION = (
    "Which formulas, listings and statements of the vocabulary are wrong, and how is that known? Nothing is called an "
    "error here on sight: each was computed by code of this repository, executed, or is contradicted by a source."
)

METHOD = (
    (
        "computed",
        "The printed form breaks a property that the right one has, or gives another number; run anew here.",
    ),
    ("executed", "The document’s listing was run as it stands on inputs that it describes; what happened is quoted."),
    ("cited", "The publication that the statement is about says something else."),
)


def page(errors: Sequence[ErratumRow]) -> Page:
    """The report of these errors."""
    return Page(
        title=TITLE,
        subtitle="",
        question=QUESTION,
        book=source.sentence(),
        blocks=[Section("What was found", sentences=findings(errors)), Section("How it was shown", facts=METHOD)],
        wide=[_table(errors)],
        footer=TITLE,
        data=("errata.csv",),
    )


def findings(errors: Sequence[ErratumRow]) -> list[str]:
    """The sentences that the numbers make."""
    by_kind = Counter(one.shown for one in errors)
    doubtful = [one for one in errors if one.verdict != "shown"]
    most = Counter(entries()[one.term].family for one in errors).most_common(3)
    sentences = [
        f"{words(len(errors), 'error').capitalize()} about {words(len({one.term for one in errors}), 'term')}: "
        f"{listing(f'{by_kind[kind]} {kind}' for kind in SHOWN if by_kind[kind])}.",
        f"Most of them in {listing(f'{FAMILIES[family].lower()} ({number})' for family, number in most)}.",
    ]
    if doubtful:
        lines = listing(str(one.line) for one in doubtful)
        sentences.append(f"NOT SHOWN by the computation named: line {lines}.")
    return sentences


def _table(errors: Sequence[ErratumRow]) -> Table:
    texts = (Column("Printed", "1fr"), Column("Right", "1.2fr"))
    header = (Column("Line"), *texts, Column("Shown"), Column("By", "1.2fr", quiet=True))
    rows: list[Line | Band] = []
    for family, title in FAMILIES.items():
        chapter = [one for one in errors if entries()[one.term].family == family]
        if chapter:
            rows.append(Band(title))
        for one in chapter:
            shown = Cell(one.shown if one.verdict == "shown" else one.verdict, alarm=one.verdict != "shown")
            printed = Cell(one.printed, lead=f"{entries()[one.term].name}:")
            rows.append(Line([str(one.line), printed, one.right, shown, one.evidence]))
    return Table("Errors of the document by family.", header, rows, band="Family")
