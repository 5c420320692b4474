"""The page of the vocabulary: a chapter a family, each term with its formula and what holds of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from netspec.vocabulary import EXECUTABLE, FAMILIES, STATUSES
from netspec.vocabulary.check import Caught, Held
from report.engine.formats import count, listing, minus, words
from report.engine.page import Block, Cell, Column, Definition, Definitions, Page, Section, Table
from report.vocabulary import source
from report.vocabulary.rows import ErratumRow, TermRow

TITLE = "The vocabulary, executable"

QUESTION = (
    "A vocabulary of neural-network components says in a line what each does. Here each of its terms that can be "
    "executed is a function or a layer, and is held to what must be true of it whatever its inputs: equalities "
    "between independent forms, limits, invariances, closed forms. A property that cannot fail says nothing, so each "
    "is also tried on wrong implementations, which it has to catch."
)

METHOD = (
    (
        "Residual",
        "By how much a property fails to hold, at most, over four sizes (ordinary; one token and one pixel; one "
        "channel; odd sides with a batch of one), relative to what is compared, in float64; 0 or 1 for what is true "
        "or not.",
    ),
    ("Mistakes", "Wrong implementations that run; a line number says that the document prints the term so."),
    ("Cost", "Operations in the symbols of the shapes; nothing is timed here."),
)


def page(
    terms: Sequence[TermRow], held: Sequence[Held], caught: Sequence[Caught], errors: Sequence[ErratumRow]
) -> Page:
    """The report of these terms."""
    blocks: list[Block] = [
        Section("What was found", sentences=findings(terms, held, caught, errors)),
        Section("How it is checked", facts=METHOD),
        Section("What the statuses mean", facts=tuple(STATUSES.items())),
        _by_family(terms, held),
    ]
    by_term = {term.id: [one for one in held if one.term == term.id] for term in terms}
    for family, title in FAMILIES.items():
        chapter = [term for term in terms if term.family == family and not term.duplicate_of]
        if chapter:
            blocks += [Section(title), Definitions([_definition(term, by_term[term.id]) for term in chapter])]
    blocks += [Section("Entries that repeat another"), _repeats(terms)]
    blocks += [Section("Wrong implementations, each planted and looked for"), _mistakes(caught)]
    return Page(
        title=TITLE,
        subtitle="",
        question=QUESTION,
        book=source.sentence(),
        blocks=blocks,
        footer=TITLE,
        data=("terms.csv", "properties.csv", "mistakes.csv"),
    )


def findings(
    terms: Sequence[TermRow], held: Sequence[Held], caught: Sequence[Caught], errors: Sequence[ErratumRow]
) -> list[str]:
    """The sentences that the numbers make."""
    own = [term for term in terms if not term.duplicate_of]
    by_status = Counter(term.status for term in own)
    executable = sum(by_status[status] for status in EXECUTABLE)
    failed = [one for one in held if one.verdict != "pass"]
    missed = [one for one in caught if one.verdict != "caught"]
    others = [status for status in STATUSES if status not in EXECUTABLE and by_status[status]]
    return [
        f"The document has {len(terms)} entries, of which {len(terms) - len(own)} repeat another; "
        f"{executable} of the other {len(own)} can be executed: "
        + listing(f"{by_status[status]} {status}" for status in EXECUTABLE)
        + f". Not: {listing(f'{by_status[status]} {status}' for status in others)}.",
        f"{count(len(held))} properties: "
        + ("all hold." if not failed else f"{len(failed)} FAIL ({listing(one.term for one in failed)})."),
        f"{count(len(caught))} wrong implementations: "
        + (
            "all are caught."
            if not missed
            else f"{len(missed)} are missed ({listing(f'{one.term}: {one.mistake}' for one in missed)})."
        ),
        f"{words(len(errors), 'error')} of the document are listed in `errata.pdf`, "
        f"{sum(one.line is not None for one in caught)} of the wrong implementations are what it prints.",
    ]


def residual(value: float) -> str:
    """A residual with one digit."""
    return "0" if value == 0 else minus(f"{value:.0e}")


def _by_family(terms: Sequence[TermRow], held: Sequence[Held]) -> Table:
    header = (
        Column("Family", "1fr"),
        "Terms",
        *(status.capitalize() for status in STATUSES),
        "Properties",
        "Mistakes",
        "Time / s",
    )
    rows: list[list[str]] = []
    own = [term for term in terms if not term.duplicate_of]
    for family, title in [*FAMILIES.items(), ("", "all")]:
        chapter = [term for term in own if family in (term.family, "")]
        checked = [one for one in held if family in (one.family, "")]
        if chapter:
            by_status = Counter(term.status for term in chapter)
            rows.append(
                [
                    title,
                    count(len(chapter)),
                    *(str(by_status[status] or "") for status in STATUSES),
                    str(len(checked) or ""),
                    str(sum(one.mistakes for one in checked) or ""),
                    f"{sum(one.seconds for one in checked):.1f}" if checked else "",
                ]
            )
    return Table("Terms by family and status, what they are held to, and the time that this took.", header, rows)


def _definition(term: TermRow, held: Iterable[Held]) -> Definition:
    held = list(held)
    place = f"line {term.line} · {term.status}" + (f" · `{term.where}`" if term.where else "")
    facts = [(label, text) for label, text in (("shapes", term.shapes), ("cost", term.cost)) if text]
    facts += [("holds", _holds(one)) for one in held]
    facts += [("source", term.source)] if term.source else []
    if term.errata:
        facts.append(("errata", f"{words(term.errata, 'error')} of the document, see `errata.pdf`"))
    failed = [one.sentence for one in held if one.verdict != "pass"]
    alarm = f"fails: {'; '.join(failed)}" if failed else ""
    return Definition(term.name, place, term.typeset, term.formula, term.summary, facts, alarm)


def _holds(one: Held) -> str:
    caught = words(one.mistakes, "mistake")
    return f"{one.sentence} (residual {residual(one.residual)}, allowed {residual(one.tolerance)}; {caught} caught)"


def _repeats(terms: Sequence[TermRow]) -> Table:
    rows = [[term.name, str(term.line), term.duplicate_of] for term in terms if term.duplicate_of]
    return Table("", (Column("Entry", "1fr"), "Line", Column("See", "4cm")), rows)


def _mistakes(caught: Sequence[Caught]) -> Table:
    wide = {"wrong": Column("What is wrong", "1fr"), "broken": Column("Property broken", "1.2fr")}
    header = (Column("Term"), wide["wrong"], "Line", wide["broken"], "Residual", Column(""))
    rows = [
        [
            one.term,
            one.mistake,
            str(one.line or ""),
            one.sentence,
            residual(one.residual),
            Cell(one.verdict, alarm=one.verdict != "caught"),
        ]
        for one in caught
    ]
    return Table("", header, rows)
