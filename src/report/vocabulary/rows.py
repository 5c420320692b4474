"""What the commands of the vocabulary exchange: terms and errors as dataclasses whose fields are columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from netspec.columns import column
from netspec.vocabulary import Entry, Erratum, entries, errata
from netspec.vocabulary.check import Caught, Held
from netspec.vocabulary.docs import described
from netspec.vocabulary.entry import imported


@dataclass(frozen=True)
class TermRow:
    """One term: a row of ``terms.csv``."""

    id: str = column("the term's short name, which `netspec term` takes")
    name: str = column("its name in the document")
    family: str = column("chapter of the edition")
    line: int = column("line of the document")
    status: str = column("here, alias, written, simulated, trained, fact or unsupported")
    where: str = column("importable path")
    duplicate_of: str = column("id of the entry that it repeats")
    also: str = column("other names and abbreviations, separated by semicolons")
    summary: str = column("what it is")
    formula: str = column("formula as plain text")
    typeset: str = column("formula in typst's notation")
    shapes: str = column("shapes of what goes in and comes out")
    parameters: str = column("number of parameters")
    cost: str = column("operations")
    source: str = column("papers")
    properties: int = column("properties it is held to")
    mistakes: int = column("wrong implementations that these catch")
    errata: int = column("errors of the document about it")


@dataclass(frozen=True)
class ErratumRow:
    """One error of the document: a row of ``errata.csv``."""

    line: int = column("line of the document")
    term: str = column("id of the term")
    printed: str = column("what is printed")
    right: str = column("what is right")
    shown: str = column("computed, executed or cited")
    evidence: str = column("the property or function that shows it, what happened, or the source")
    verdict: str = column("shown, or not shown where the computation does not bear it out")


def term_rows(held: Iterable[Held]) -> list[TermRow]:
    """All terms, with the properties that were checked."""
    counted: dict[str, list[int]] = {}
    for one in held:
        properties, mistakes = counted.get(one.term, (0, 0))
        counted[one.term] = [properties + 1, mistakes + one.mistakes]
    wrong = [erratum.term for erratum in errata()]
    return [_term(entry, counted.get(entry.id, [0, 0]), wrong.count(entry.id)) for entry in entries().values()]


def erratum_rows(caught: Sequence[Caught]) -> list[ErratumRow]:
    """All errors, those that are computed with whether the computation bears them out."""
    return [_erratum(erratum, caught) for erratum in errata()]


def _term(entry: Entry, counted: Sequence[int], wrong: int) -> TermRow:
    thing = entry.load() if entry.where else None
    labelled = described(thing).labelled if callable(thing) else {}
    return TermRow(
        entry.id,
        entry.name,
        entry.family,
        entry.line,
        entry.status,
        entry.where,
        entry.duplicate_of,
        "; ".join(entry.also),
        entry.summary,
        entry.formula,
        entry.typeset,
        labelled.get("Shapes", ""),
        labelled.get("Parameters", ""),
        labelled.get("Cost", ""),
        entry.source,
        counted[0],
        counted[1],
        wrong,
    )


def _erratum(erratum: Erratum, caught: Sequence[Caught]) -> ErratumRow:
    evidence, verdict = erratum.evidence, "shown"
    if erratum.shown == "computed" and evidence:
        found = imported(evidence)()
        evidence = f"printed {found.printed}, computed {found.right}"
        verdict = "shown" if found.differs else "not shown"
    elif erratum.shown == "computed":
        by = [one for one in caught if one.term == erratum.term and one.line == erratum.line]
        verdict = "shown" if by and all(one.verdict == "caught" for one in by) else "not shown"
        evidence = "; ".join(f"{one.mistake} breaks: {one.sentence} (residual {one.residual:.1e})" for one in by)
    return ErratumRow(erratum.line, erratum.term, erratum.printed, erratum.right, erratum.shown, evidence, verdict)
