"""``netspec term``, ``terms`` and ``listings``: the vocabulary looked up, listed, and its failing listings run."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netspec.cli import parsing, records, text
from netspec.cli.sources import CommandError
from netspec.errors import UnknownTermError, VocabularyError
from netspec.spec import NetSpec
from netspec.vocabulary import FAMILIES, STATUSES, Entry, Erratum, entries, errata, search
from netspec.vocabulary.search import exactly, find, key, original

if TYPE_CHECKING:
    from netspec.vocabulary.check import Held

#: Networks of an architecture whose counts are printed.
SHOWN = 8


def add(commands: argparse._SubParsersAction) -> None:
    """Add the parsers."""
    command = parsing.command(
        commands,
        "term",
        show,
        "explain a term of the vocabulary: formula, shapes, listing, counts, cost, errors of the document",
        "examples:",
        "  netspec term 'grouped query attention'",
        "  netspec term gqa --check",
        "",
        "Names, abbreviations and misspellings are understood.",
    )
    command.add_argument("name", metavar="NAME", help="what to explain")
    output = command.add_mutually_exclusive_group()
    output.add_argument("--check", action="store_true", help="also check now what must hold of it")
    parsing.add_json(output)
    command = parsing.command(
        commands,
        "terms",
        listed,
        "list the terms of the vocabulary",
        "examples:",
        "  netspec terms --family attention --status written",
        "  netspec terms --errata",
        "  netspec terms log-determinant     (names, summaries and formulas that contain it)",
    )
    command.add_argument("text", metavar="TEXT", nargs="?", help="only those in which these words stand")
    command.add_argument("--family", metavar="NAME", help=f"only one family: {', '.join(FAMILIES)}")
    command.add_argument("--status", metavar="STATUS", help=f"only one status: {', '.join(STATUSES)}")
    command.add_argument("--errata", action="store_true", help="only those of which the document has something wrong")
    parsing.add_json(command)
    command = parsing.command(
        commands,
        "listings",
        executed,
        "run the document's listings that fail, out of your copy of it, with PyTorch",
        "example:",
        "  netspec listings nn_vocab.md",
        "",
        "THE LISTINGS ARE RUN AS CODE, so name only a document that you trust.",
    )
    command.add_argument("document", metavar="FILE", type=Path, help="the document as text")
    parsing.add_json(command)


def executed(options: argparse.Namespace) -> None:
    """Print what happened to each listing; raise :class:`CommandError` where it is not what the errata say."""
    import warnings

    from netspec.vocabulary.listings import tried

    try:
        document = options.document.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise CommandError(f"{options.document}: cannot be read: {reason}") from None
    try:
        with warnings.catch_warnings(action="ignore"):
            outcomes = tried(document)
    except VocabularyError as error:
        raise CommandError(f"{options.document}: {error}") from None
    if options.json:
        print(records.dump([asdict(outcome) for outcome in outcomes]))
    else:
        for outcome in outcomes:
            trial = outcome.trial
            print("\n".join(text.paragraph(f"line {trial.line}, {trial.term}: {trial.call}", "", "    ")))
            print("\n".join(text.paragraph(outcome.happened, "    ")))
            print("\n".join(text.paragraph(f"({trial.because})", "    ")))
    other = [str(outcome.trial.line) for outcome in outcomes if not outcome.as_stated]
    if other:
        raise CommandError(f"listings: not as the errata say: line {', '.join(other)}")


def show(options: argparse.Namespace) -> None:
    """Print one term; raise :class:`CommandError` for an unknown one, or where a property fails."""
    # Small shapes in float64: a GPU would be slower, and its absence no reason to stop.
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    entry = _entry(options.name)
    if options.json:
        print(records.dump(record(entry)))
        return
    print("\n".join(page(entry, options.name)), flush=True)
    if options.check:
        _check(entry)


def listed(options: argparse.Namespace) -> None:
    """Print the terms that pass all filters."""
    family = _one_of("family", options.family, FAMILIES)
    status = _one_of("status", options.status, {name: name for name in STATUSES})
    wrong = {erratum.term for erratum in errata()}
    found = [
        entry
        for entry in (entries().values() if options.text is None else search(options.text))
        if family in (None, entry.family)
        and status in (None, entry.status)
        and (not options.errata or entry.id in wrong)
    ]
    if options.json:
        print(records.dump([asdict(entry) for entry in found]))
    elif found:
        print("\n".join(lines(found, errors=options.errata)))
    else:
        raise CommandError("terms: none passes all of these filters")


def page(entry: Entry, asked: str = "") -> list[str]:
    """Everything about a term, as lines; ``asked`` is said where that was another name of it."""
    also = exactly(asked) is entry and key(asked) not in (key(entry.id), key(entry.name))
    place = f"{FAMILIES[entry.family]} · vocabulary line {entry.line} · {entry.status}"
    out = [f"{entry.name} ({entry.id})", *text.paragraph(f"{place}{f': {entry.where}' if entry.where else ''}", "  ")]
    out += ["", *text.paragraph(_said(entry), "  ")]
    parts = {"formula": entry.formula} | {label.lower(): words for label, words in _labelled(entry).items()}
    parts.setdefault("source", entry.source)
    if entry.also and not also:
        parts["also called"] = ", ".join(entry.also)
    parts = {label: words for label, words in parts.items() if words}
    width = max(map(len, parts), default=0) + 2
    out += ["" for _ in range(bool(parts))]
    for label, words in parts.items():
        out += text.paragraph(words, f"  {label:<{width}}", " " * (width + 2))
    if listing := _listing(entry):
        out += ["", *(f"  {line}" for line in listing)]
    if counts := list(_counts(entry)):
        out += ["", *text.table(counts, "<>>", ("network", "parameters", "MACs"), indent="  ")]
    for erratum in _errata(entry):
        out += ["", *_erratum_lines(erratum)]
    if near := neighbours(entry):
        out += ["", *text.paragraph("near: " + ", ".join(f"{one.name} ({one.id})" for one in near), "  ", "    ")]
    return out


def neighbours(entry: Entry) -> list[Entry]:
    """Terms that the row names, else those before and after it in its family."""
    found = [original(entries()[id]) for id in entry.related]
    if not found:
        family = [one for one in entries().values() if one.family == entry.family and not one.duplicate_of]
        place = family.index(original(entry)) if original(entry) in family else 0
        found = [*family[max(place - 2, 0) : place], *family[place + 1 : place + 3]]
    return list({one.id: one for one in found if one.id not in (entry.id, entry.duplicate_of)}.values())


def record(entry: Entry) -> dict[str, Any]:
    """A term as ``--json`` prints it."""
    return {
        **asdict(entry),
        "described": {label.lower(): words for label, words in _labelled(entry).items()},
        "listing": list(_listing(entry)),
        "counts": [{"name": spec.name, "params": spec.params, "macs": spec.macs} for spec in _specs(entry)],
        "errata": [asdict(erratum) for erratum in _errata(entry)],
        "near": [one.id for one in neighbours(entry)],
    }


def lines(found: list[Entry], *, errors: bool = False) -> list[str]:
    """Aligned columns, and with ``errors`` below each term what the document has wrong."""
    rows = [(text.cut(one.name, 46), one.id, FAMILIES[one.family], _status(one), str(one.line)) for one in found]
    head, *body = text.table(rows, "<<<<>", ("term", "id", "family", "status", "line"))
    if not errors:
        return [head, *body]
    out = [head]
    for entry, row in zip(found, body, strict=True):
        out += [row, *(line for erratum in _errata(entry) for line in _erratum_lines(erratum)), ""]
    return out[:-1]


def _status(entry: Entry) -> str:
    return f"see {entry.duplicate_of}" if entry.duplicate_of else entry.status


def _entry(name: str) -> Entry:
    try:
        return find(name)
    except UnknownTermError as error:
        raise CommandError(f"term: {error}") from None


def _one_of(what: str, given: str | None, known: dict[str, str]) -> str | None:
    if given is None:
        return None
    wanted = key(given)
    found = [name for name, title in known.items() if wanted and wanted in (key(name), key(title))]
    found = found or [name for name, title in known.items() if wanted and key(name).startswith(wanted)]
    if len(found) != 1:
        raise CommandError(f"terms: unknown {what} {given!r}; expected one of {', '.join(known)}")
    return found[0]


def _thing(entry: Entry) -> Any:
    """What the term is in code; ``None`` for words, and for parts of the trainer where that is not installed."""
    if not entry.where:
        return None
    try:
        return entry.load()
    except ModuleNotFoundError:
        if entry.where.startswith("netspec."):
            raise
        return None


def _described(entry: Entry) -> Any:
    from netspec.vocabulary.docs import described

    thing = _thing(entry)
    return described(thing) if callable(thing) else None


def _said(entry: Entry) -> str:
    described = _described(entry)
    return (described and described.said) or entry.summary


def _labelled(entry: Entry) -> dict[str, str]:
    described = _described(entry)
    return {label: words for label, words in described.labelled.items() if label != "Formula"} if described else {}


def _listing(entry: Entry) -> tuple[str, ...]:
    described = _described(entry)
    return described.listing if described else ()


def _specs(entry: Entry) -> list[NetSpec]:
    thing = _thing(entry)
    several = [thing] if isinstance(thing, NetSpec) else thing if isinstance(thing, (list, tuple)) else []
    return [spec for spec in several if isinstance(spec, NetSpec)]


def _counts(entry: Entry) -> Iterator[tuple[str, str, str]]:
    specs = _specs(entry)
    for spec in specs[:SHOWN]:
        yield spec.name, f"{spec.params:,}", f"{spec.macs:,}"
    if len(specs) > SHOWN:
        yield f"and {len(specs) - SHOWN} more", "", ""


def _errata(entry: Entry) -> list[Erratum]:
    return [erratum for erratum in errata() if erratum.term == entry.id]


def _erratum_lines(erratum: Erratum) -> list[str]:
    how = erratum.shown + (f": {erratum.evidence}" if erratum.shown != "computed" else "")
    return [
        *text.paragraph(f"line {erratum.line} prints: {erratum.printed}", "  ", "    "),
        *text.paragraph(f"right is: {erratum.right} ({how})", "    "),
    ]


def _check(entry: Entry) -> None:
    from netspec.vocabulary import check

    term = check.term(entry.id)
    if term is None:
        raise CommandError(f"term {entry.id}: {STATUSES[entry.status]}; there is nothing to check")
    failed: list[Held] = []
    print()
    for held, caught in check.check(term):
        failed += [held] if held.verdict != "pass" else []
        print("\n".join(text.paragraph(f"{held.verdict}  {held.sentence}", "  ", "        ")))
        print(f"        residual {held.residual:.1e}, tolerance {held.tolerance:.1e}, worst case: {held.case}")
        for mistake in caught:
            words = f"{mistake.verdict}: {mistake.mistake}" + (
                f" (as line {mistake.line} prints)" if mistake.line else ""
            )
            print("\n".join(text.paragraph(f"{words}, residual {mistake.residual:.1e}", "        ", "          ")))
    if failed:
        raise CommandError(f"term {entry.id}: {len(failed)} of its properties failed")
