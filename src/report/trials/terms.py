"""Terms of the vocabulary with what came of the claims about them, and those that no trial has tried."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from netspec.vocabulary import Entry, entries
from report.engine.escape import phrase
from report.engine.formats import count, listing, words
from report.engine.page import Column, Section, Table
from report.trials.verdicts import REFUTED, SUPPORTED, UNDECIDED
from train.config import terms

VERDICTS = (SUPPORTED, REFUTED, UNDECIDED)
COLUMNS = ("term", "name", "line", "needs_training", "claims", *VERDICTS, "trials")

#: A claim as it was decided: the trial or comparison, the claim as its file has it, and the verdict.
Decided = tuple[str, Mapping[str, Any], str]


@dataclass(frozen=True)
class Judged:
    """A term, how often each verdict was reached on it, and in which trials or comparisons."""

    entry: Entry
    verdicts: Counter[str]
    trials: tuple[str, ...]


def judged(decided: Iterable[Decided]) -> list[Judged]:
    """Every term that a claim is about, and every one that needs training, in the order of the document.

    What only repeats another term is counted with that one.
    """
    known = entries()
    verdicts: dict[str, Counter[str]] = {
        entry.id: Counter() for entry in known.values() if entry.needs_training and not entry.duplicate_of
    }
    trials: dict[str, dict[str, None]] = {}
    for trial, claim, verdict in decided:
        for one in {known[name].duplicate_of or name for name in terms.terms(claim)}:
            verdicts.setdefault(one, Counter())[verdict] += 1
            trials.setdefault(one, {})[trial] = None
    found = (Judged(known[one], verdicts[one], tuple(trials.get(one, ()))) for one in verdicts)
    return sorted(found, key=lambda one: (one.entry.line, one.entry.id))


def rows(found: Iterable[Judged]) -> list[list[Any]]:
    """Terms in :data:`COLUMNS`."""
    return [
        [
            one.entry.id, one.entry.name, one.entry.line, "yes" if one.entry.needs_training else "",
            one.verdicts.total(), *(one.verdicts[kind] for kind in VERDICTS), "; ".join(one.trials),
        ]
        for one in found
    ]  # fmt: skip


def counted(found: Sequence[Judged]) -> str:
    """How many of the terms that only training can judge were tried, and what came of it."""
    marked = [one for one in found if one.entry.needs_training]
    tried = [one for one in marked if one.trials]
    clear = sum(bool(one.verdicts[SUPPORTED] or one.verdicts[REFUTED]) for one in tried)
    others = sum(bool(one.trials) for one in found) - len(tried)
    return (
        f"Of {words(len(marked), 'term')} that only training can judge, {count(len(tried))} "
        f"{'has' if len(tried) == 1 else 'have'} a verdict, and of {count(clear)} of those a claim is supported or "
        f"refuted; so {'has' if others == 1 else 'have'} {words(others, 'other term')}."
    )


def table(found: Sequence[Judged]) -> Table:
    """A row a term that was tried."""
    header = (
        Column("Term", "1fr"), "Line", Column("Needs training"), "Supported", "Refuted", "Undecided",
        Column("Tried in", "1.2fr", quiet=True),
    )  # fmt: skip
    body = [
        [
            phrase(one.entry.name), str(one.entry.line), "yes" if one.entry.needs_training else "",
            *(str(one.verdicts[kind] or "") for kind in VERDICTS), listing(f"`{name}`" for name in one.trials),
        ]
        for one in found
        if one.trials
    ]  # fmt: skip
    caption = (
        "Terms of the vocabulary and how many claims about each are supported, refuted or undecided. A claim that is "
        "about several counts for each of them."
    )
    return Table(caption, header, body)


def left(found: Sequence[Judged]) -> Section:
    """Terms that only training can judge and that nothing here has tried, and those that say nothing to try."""
    vain = [entry for entry in entries().values() if entry.status == "unsupported"]
    names = [f"{phrase(one.entry.name)} ({one.entry.line})" for one in found if not one.trials]
    return Section(
        "Not tried",
        lead=(
            f"{words(len(names), 'term').capitalize()}, each with its line, whose formulas and properties "
            "`snakemake vocabulary` shows, and of which nothing here says whether they do what is claimed: "
            f"{listing(names)}."
            if names
            else "Every term that only training can judge was tried."
        ),
        sentences=[
            f"{words(len(vain), 'more term').capitalize()} are speculation, a vendor’s names or patents; of them "
            f"nothing is claimed that can be tested: {listing(f'{phrase(one.name)} ({one.line})' for one in vain)}."
        ],
    )
