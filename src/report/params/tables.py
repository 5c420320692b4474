"""The tables of the report besides those by section."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from report.engine.formats import NONE, count, minus, scaled, signed_count
from report.engine.page import Column, Line, Table
from report.params import chapter
from report.params.findings import KINDS, largest, not_rounded
from report.params.rows import PART_1, Catalogue, Variant

HOW = {"truncated": "cut off", "rounded": "rounded", "not reproduced": "not reproduced"}
MARKS = {"truncated": "†", "not reproduced": "‡"}


def chapter_table(table: chapter.Table) -> Table:
    """A table of the chapters, with the exact counts beside the printed figure."""
    quotes_paper = any(row.variant.paper_quoted for row in table.rows)
    rows = []
    for row in table.rows:
        v = row.variant
        reference = NONE if v.reference_params is None else count(v.reference_params)
        figures = [row.printed + MARKS.get(row.agreement, ""), count(v.book_params), count(v.built_params), reference]
        paper = [v.paper_quoted or NONE] if quotes_paper else []
        rows.append([v.variant, *row.configuration, v.output, *figures, *paper])
    figures = [Column(name, "1fr", left=False) for name in ("Classes", "Printed", "Book", "Built", "Reference")]
    caption = f"{table.title}, as section {table.section} prints it, with the exact counts."
    if quotes_paper:
        figures.append(Column("Paper", "1fr", left=False))
        caption += " The paper is as the chapter quotes it."
    for v, other in table.of_other_heads:
        caption += (
            f" {v.variant} is printed with {v.output} classes; with {other.output} it has "
            f"{count(other.built_params)} parameters."
        )
    return Table(caption, [*map(Column, ("Name", *table.columns)), *figures], rows, whole=True)


def summary(counted: Catalogue) -> Table:
    """How the counts agree, by section."""
    header = [
        Column("Section", "1fr"), "Variants", "Reference", *(kind.capitalize() for kind in KINDS), "Printed", "Rounded",
        "Cut off",
    ]  # fmt: skip
    rows = [_tally(capital(name), variants) for name, variants in counted.domains.items()]
    caption = (
        "How the counts agree, by section. Of all variants: those with a reference, and their kinds. Of the figures "
        "that the chapters print: those that are a count rounded, and those that are one cut off."
    )
    return Table(caption, header, [*rows, Line(_tally("All", counted.variants), rule=True)], whole=True)


def _tally(name: str, rows: Sequence[Variant]) -> list[str]:
    kinds = Counter(v.kind for v in rows)
    printed = Counter(v.book_printed_agreement for v in rows if v.book_printed)
    numbers = [len(rows), sum(v.reference_params is not None for v in rows), *(kinds[kind] for kind in KINDS)]
    numbers += [printed.total(), printed["rounded"], printed["truncated"]]
    return [name, *map(str, numbers)]


def largest_table(rows: Sequence[Variant]) -> Table:
    """The largest differences and their reasons."""
    lines = []
    for v in largest(rows):
        numbers = [count(v.built_params), count(v.reference_params), signed_count(v.delta_reference), share(v)]
        lines.append([v.variant, *numbers, reason_text(v.reason)])
    header = [Column("Variant"), "Built", "Reference", "Difference", "%", Column("Why", "1fr")]
    caption = "The largest differences from a reference implementation, in parameters, and their reasons."
    return Table(caption, header, lines, whole=True)


def not_rounded_table(rows: Sequence[Variant]) -> Table:
    """Printed figures that are not the rounded count of the variant itself."""
    lines = []
    for v in not_rounded(rows):
        counts = "the variant itself" if v.book_printed_counts == v.variant else v.book_printed_counts
        lines.append([v.variant, v.book_printed, count(v.book_printed_params), HOW[v.book_printed_agreement], counts])
    header = [Column("Variant", "1fr"), "Printed", "Count", Column("How"), Column("What is counted", "1fr")]
    caption = (
        "Printed figures that are not the rounded count of the variant itself. Without the digits behind them, or "
        "counted for another form, all but those marked “not reproduced” follow from the formulas."
    )
    return Table(caption, header, lines)


def parts(counted: Catalogue) -> Table:
    """Figures that are printed for some layers of a network."""
    rows = []
    for part in counted.parts:
        how = HOW[part.book_printed_agreement]
        rows.append([capital(part.part), part.variant, part.layers, part.book_printed, count(part.book_params), how])
    header = [Column("Part", "1fr"), Column("Variant", "1fr"), "Layers", "Printed", "Count", Column("How")]
    caption = "Figures that the chapters print for some layers of a network, or once more with fewer digits."
    return Table(caption, header, rows, whole=True)


def primitives(counted: Catalogue) -> Table:
    """How many new primitives each heading asks of the reader, by edition."""
    found: dict[tuple[str, str], list[Variant]] = {}
    for v in counted.variants:
        if v.domain != PART_1:
            found.setdefault((v.domain, v.entry), []).append(v)
    rows = []
    for (_, entry), variants in found.items():
        later = new_primitives(variants, "new_primitives")
        earlier = new_primitives(variants, "new_primitives_earlier")
        rows.append([entry, *later, *earlier])
    header = [Column("Heading"), "Later", Column("which", "1fr"), "Earlier", Column("which", "1fr")]
    caption = (
        "New primitives of each heading of chapter 11: what the later edition asks of a reader who knows Part 1, and "
        "what the earlier edition added to the language for it. A dash: the edition has no such heading."
    )
    return Table(caption, header, rows, whole=True)


def new_primitives(variants: Sequence[Variant], column: str) -> tuple[str, str]:
    """Their number and names for a heading; a range where its variants differ."""
    names = "new_primitive_names" + column.removeprefix("new_primitives")
    numbers = sorted({getattr(v, column) for v in variants if getattr(v, column) is not None})
    if not numbers:
        return NONE, ""
    used = dict.fromkeys(name for v in variants for name in getattr(v, names).split())
    number = str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]}–{numbers[-1]}"
    return number, ", ".join(f"`{name}`" for name in used)


def share(v: Variant) -> str:
    """Difference in percent of the reference; its sign stays where two decimals are too few."""
    return minus(f"{v.relative:+.2f}") if v.delta_reference else ""


def reason_text(reason: str) -> str:
    """A reason as people read it: what differs, and by how much behind it."""

    def clause(match: re.Match) -> str:
        return f"{match[2]} ({signed_count(int(match[1]))})"

    text = re.sub(r"([+-]\d+) ([^;]+)", clause, reason)
    return capital(text)


def capital(text: str) -> str:
    """A text with a capital at its beginning."""
    return text[:1].upper() + text[1:]


def quantity(value: int) -> str:
    """A number with its prefix."""
    return " ".join(filter(None, scaled(value)))
