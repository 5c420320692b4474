"""What the counts say, in sentences that follow from the rows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from statistics import median

from report.engine.formats import count, listing, plain, scaled, spelled, words
from report.params.rows import PART_1, Catalogue, Variant

KINDS = {
    "exact": "equal to the last parameter",
    "convention": "the same network but for tensors that the note names, one by one",
    "approximation": "another network of the same idea",
    "partial view": "the listing is a part of what the reference counts, or has a part more",
    "no reference": "no reference implementation was counted; built and book stand alone",
}

#: The same as a column says it.
WHYS = {
    "exact": KINDS["exact"],
    **{f"differs ({kind})": KINDS[kind] for kind in ("convention", "approximation", "partial view")},
    "not compared": KINDS["no reference"],
}
FUNCTIONS = {
    "exact": "outputs are equal but for rounding in float32",
    "differs": "they are not, or the counts differ; a note says in what where the counts are equal",
    "not compared": "that reference has no network with the weights of a library here, or it takes other inputs",
}


def findings(counted: Catalogue) -> list[str]:
    """The summary, most general first."""
    return [
        _extent(counted),
        _references(counted.variants),
        _without(counted.variants),
        _formulas(counted.variants),
        _printed(counted.variants),
        _parts(counted),
        _repository(counted.variants),
        *_primitives(counted),
    ]


def largest(rows: Sequence[Variant], number: int = 12) -> list[Variant]:
    """The variants furthest from their reference, in parameters."""
    known = [v for v in rows if v.delta_reference]
    return sorted(known, key=lambda v: -abs(v.delta_reference))[:number]


def not_rounded(rows: Sequence[Variant]) -> list[Variant]:
    """Variants whose printed figure is not the rounded count of the variant itself."""
    return [
        v
        for v in rows
        if v.book_printed and (v.book_printed_agreement != "rounded" or v.book_printed_counts != v.variant)
    ]


def quotes(text: str) -> str:
    """Straight quotation marks and apostrophes as typeset ones."""
    return re.sub(r'"([^"]*)"', r"“\1”", text).replace("'", "’")


def amount(macs: int) -> str:
    """Multiply-adds in a sentence."""
    return "\u00a0".join(filter(None, scaled(macs)))


def _extent(counted: Catalogue) -> str:
    rows = counted.variants
    small, large = (pick(rows, key=lambda v: v.built_params) for pick in (min, max))
    cheap, dear = (pick(rows, key=lambda v: v.macs) for pick in (min, max))
    headings = {(v.domain, v.entry) for v in rows}
    return (
        f"All {count(len(rows))} variants under {count(len(headings))} headings are counted, from "
        f"{count(small.built_params)} parameters ({small.variant}) to {count(large.built_params)} ({large.variant}), "
        f"and from {amount(cheap.macs)} multiply-adds ({cheap.variant}) to {amount(dear.macs)} ({dear.variant})."
    )


def _references(rows: Sequence[Variant]) -> str:
    known = [v for v in rows if v.delta_reference is not None]
    kinds = Counter(v.kind for v in known)
    named = sorted((abs(v.relative), v.variant) for v in known if v.kind == "convention")
    text = (
        f"A reference implementation is known for {count(len(known))}. {count(kinds['exact'])} agree with it to the "
        f"last parameter. {count(kinds['convention'])} differ by convention only: the tensors that one has and the "
        "other lacks are named and add up to the difference. "
    )
    if named:
        text += (
            f"Half of these lie within {plain(median(share for share, _ in named))} %, the furthest is {named[-1][1]} "
            f"({plain(named[-1][0], 1)} %). "
        )
    return text + (
        f"{count(kinds['approximation'])} are approximations and {count(kinds['partial view'])} show a part of the "
        f"reference or a part beside it. {_functions(known)}"
    )


def _functions(known: Sequence[Variant]) -> str:
    equal = [v for v in known if v.count == "exact"]
    found = Counter(v.function.partition(" (")[0] for v in equal)
    return (
        f"Of the {count(len(equal))} with equal counts {count(found['exact'])} compute the same, "
        f"{count(found['differs'])} do not, and {count(found['not compared'])} were not compared."
    )


def _without(rows: Sequence[Variant]) -> str:
    alone = [v for v in rows if v.kind == "no reference"]
    if not alone:
        return "Every one of them has a reference."
    same = sum(v.book_params == v.built_params for v in alone)
    return (
        f"For the other {count(len(alone))} no reference was counted, so nothing outside this repository confirms "
        f"them: there the built network has the chapter’s count in {count(same)} and another one in "
        f"{count(len(alone) - same)}."
    )


def _formulas(rows: Sequence[Variant]) -> str:
    other = [v for v in rows if v.book_params != v.built_params]
    text = (
        f"Where a formula of the chapters cannot be a set of tensors, the built network is the faithful one: book and "
        f"built counts differ for {count(len(other))} variants"
    )
    if not other:
        return text + "."
    furthest = max(other, key=lambda v: abs(v.built_params - v.book_params))
    return text + (
        f", most for {furthest.variant} ({count(furthest.book_params)} by the formula, "
        f"{count(furthest.built_params)} built)."
    )


def _printed(rows: Sequence[Variant]) -> str:
    printed = [v for v in rows if v.book_printed]
    kinds = Counter(v.book_printed_agreement for v in printed)
    text = (
        f"The chapters print a figure for {count(len(printed))} variants. {count(kinds['rounded'])} are a count "
        f"rounded to the digits printed, {count(kinds['truncated'])} a count cut off behind them"
    )
    missing = [v for v in printed if v.book_printed_agreement == "not reproduced"]
    if missing:
        reasons = listing(f"{v.variant}, “{v.book_printed}” ({quotes(v.book_printed_note)})" for v in missing)
        text += f", and {spelled(len(missing))} follow{'s' if len(missing) == 1 else ''} from no form: {reasons}"
    elsewhere = sum(v.book_printed_counts != v.variant for v in printed)
    return text + f". {spelled(elsewhere).capitalize()} of them count another form of the listing or a whole system."


def _parts(counted: Catalogue) -> str:
    total = len(counted.parts)
    found = sum(part.book_printed_agreement != "not reproduced" for part in counted.parts)
    reproduced = "all" if found == total else spelled(found)
    return (
        f"Of the {words(total, 'figure')} printed for parts of networks or in a table of their own, "
        f"{reproduced} {'is' if reproduced == 'one' else 'are'} reproduced as well."
    )


def _repository(rows: Sequence[Variant]) -> str:
    pinned = [v for v in rows if v.repository_params is not None]
    other = [v for v in pinned if v.repository_params != v.book_params]
    text = (
        f"The companion repository pins totals that are quoted here for {count(len(pinned))} variants; "
        f"{count(len(pinned) - len(other))} equal the chapter’s formulas on the chapter’s listing."
    )
    if other:
        gap = max(abs(v.repository_params - v.book_params) for v in other)
        text += f" For {words(len(other), 'variant')} its listing is another, by at most {count(gap)} parameters."
    return text


def _primitives(counted: Catalogue) -> list[str]:
    rows = [v for v in counted.variants if v.domain != PART_1]
    editions = (
        ("later", "new_primitives", "new_primitive_names"),
        ("earlier", "new_primitives_earlier", "new_primitive_names_earlier"),
    )
    sentences = []
    for edition, column, names in editions:
        most: dict[str, int] = {}
        used: set[str] = set()
        for v in rows:
            if getattr(v, column) is not None:
                most[v.entry] = max(most.get(v.entry, 0), getattr(v, column))
                used.update(getattr(v, names).split())
        shares = Counter(most.values())
        spread = listing(f"{count(number)} ask for {spelled(new)}" for new, number in sorted(shares.items()))
        sentences.append(
            f"The {edition} edition has {count(len(most))} headings; of new primitives, {spread}, "
            f"{count(len(used))} different ones together."
        )
    return sentences
