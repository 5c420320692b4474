"""The page on the counted catalogue, and the tables of variants that pages of its parts show as well."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from report.engine import citation
from report.engine.formats import NONE, count, minus, scaled, signed_count
from report.engine.page import Band, Block, Column, Line, Notes, Page, Picture, Section, Table
from report.params import chapter
from report.params.axes import outside
from report.params.findings import KINDS, findings, largest, not_rounded, quotes
from report.params.rows import PART_1, Catalogue, Variant

TITLE = "The whole catalogue, counted"

QUESTION = (
    "Chapter 11 lists the famous architectures as short specifications and prints how many parameters each has; "
    "chapter 10 prints the same for the networks of Part 1. Here every one of them is counted again, to the last "
    "parameter, and stands beside the figure as printed, a reference implementation and the paper."
)

#: How it is counted: a term and what it means.
CONVENTIONS = (
    ("Book", "The chapter’s formula of every layer, applied to the chapter’s listing."),
    (
        "Built",
        "The trainable scalars of the network as it is built, every tensor once. Statistics of normalisation are no "
        "parameters. It equals the book’s count unless a formula of the chapter cannot be a set of tensors.",
    ),
    (
        "Reference",
        "A public implementation in a stated version, or the published layer table, summed. No weights were used. "
        "Sources stand in `params.csv`. Difference means built minus reference.",
    ),
    (
        "Printed",
        "The figure in the chapter. † its digits are the count cut off behind them, not rounded; ‡ no form of the "
        "listing gives it. Paper: as printed there or in its repository, in parentheses as the chapter quotes it.",
    ),
    (
        "Multiply-adds",
        "For one example of the stated input. One multiply-add counts 1. Convolutions (padded positions included), "
        "matrix products, both products of attention and recurrences count; biases, normalisation, activation "
        "functions, softmax, pooling, interpolation, look-ups, gates and residual additions do not. "
        "k, M, G, T are 10³, 10⁶, 10⁹, 10¹².",
    ),
    (
        "Activations",
        "Scalars that leave the layers of the listing, for one example, in single precision (1 MiB = 2²⁰ bytes): what "
        "backpropagation keeps when every block recomputes its inside.",
    ),
)

#: Columns of the tables by section.
HEADER = (
    Column("Variant", "1fr"), Column("Input", "2.75cm"), "Layers", "Printed", Column("Paper", "1.95cm", left=False),
    "Book", "Built", "Reference", "Difference", "%", Column("Kind"), Column("Multiply-adds", "1.9cm", left=False),
    Column("Activations (MiB)", "1.75cm", left=False), Column("Notes"),
)  # fmt: skip

LEGEND = (
    "Difference is built minus reference, also in percent of the reference. † Cut off, not rounded; ‡ given by no form "
    "of the listing. In parentheses: the paper as the chapter quotes it."
)
OTHERS = (
    "Other forms that a chapter or the companion repository gives of a variant, and systems composed of the parts that "
    "the chapter lists one by one."
)
HOW = {"truncated": "cut off", "rounded": "rounded", "not reproduced": "not reproduced"}
_MARKS = {"truncated": "†", "not reproduced": "‡"}


def page(counted: Catalogue, tables: Sequence[chapter.Table], sections: bool = True) -> Page:
    """The report in reading order, with the table of every section unless those are pages of their own."""
    rows = counted.variants
    blocks: list[Block] = [
        Section("What the counts say", sentences=findings(counted)),
        Picture("*.svg", _figure_caption(counted), floats=True),
        Section("How it is counted", facts=CONVENTIONS),
        Section("", "Every variant has a kind, which says how built and reference compare:", facts=list(KINDS.items())),
        _summary(counted),
        Section("The tables of the chapters"),
        *map(chapter_table, tables),
        _not_rounded(rows),
        _parts(counted),
        Section("Largest differences"),
        _largest(rows),
        Section("New primitives"),
        primitives(counted),
    ]
    others = "Other forms and whole systems"
    wide = [Section(others), *section(others, counted.others, OTHERS)]
    if sections:
        own = [(name, section(name, variants)) for name, variants in counted.domains.items()]
        wide = [*(block for name, found in own for block in (Section(_capital(name)), *found)), *wide]
    return Page(
        title=TITLE,
        subtitle=f"Parameters and multiply-adds of the {count(len(rows))} variants of chapters 10 and 11",
        question=QUESTION,
        book=citation.sentence("10", "11"),
        blocks=blocks,
        wide=wide,
        footer=TITLE,
        data=("*.csv", "other_forms.csv", "parts.csv"),
    )


def section(title: str, variants: Iterable[Variant], caption: str = "") -> list[Block]:
    """A table of variants under their headings, and the notes that its last column numbers."""
    notes: dict[str, int] = {}
    groups: dict[str, list[Variant]] = {}
    lines: list[Band | list[str]] = []
    for v in variants:
        groups.setdefault(v.entry, []).append(v)
    several = len(groups) > 1
    for entry, members in groups.items():
        lines += [Band(entry, _about(members))] if several else []
        for v in members:
            numbers = [notes.setdefault(note, len(notes) + 1) for note in notes_of(v)]
            lines.append([*cells(v), ", ".join(map(str, sorted(numbers)))])
    caption = caption or f"Every variant of “{title}” with all its counts."
    table = Table(f"{caption} {LEGEND}", HEADER, lines, band="Heading" if several else "")
    return [table, *([Notes(list(notes))] if notes else [])]


def cells(v: Variant) -> list[str]:
    """The row of a variant, in the columns of :data:`HEADER` but for the notes."""
    return [
        v.variant,
        v.image,
        str(v.n_layers),
        v.book_printed + _MARKS.get(v.book_printed_agreement, ""),
        re.sub(r" (trainable )?parameters$", "", v.paper_printed) or (f"({v.paper_quoted})" if v.paper_quoted else ""),
        count(v.book_params),
        count(v.built_params),
        NONE if v.reference_params is None else count(v.reference_params),
        NONE if v.delta_reference is None else signed_count(v.delta_reference),
        share(v),
        v.kind,
        quantity(v.macs),
        f"{v.activation_bytes / 2**20:,.2f}",
    ]


def quantity(value: int) -> str:
    """A number with its prefix."""
    return " ".join(filter(None, scaled(value)))


def share(v: Variant) -> str:
    """Difference in percent of the reference; its sign stays where two decimals are too few."""
    return minus(f"{v.relative:+.2f}") if v.delta_reference else ""


def notes_of(v: Variant) -> list[str]:
    """Everything to know about a row, one sentence each."""
    found = []
    if v.reason:
        found.append(reason_text(v.reason) + ".")
    if v.book_printed_note:
        counts = "" if v.book_printed_agreement == "not reproduced" else f": {count(v.book_printed_params)}"
        found.append(f"{v.book_printed} printed: {v.book_printed_note}{counts}.")
    if v.paper_covers:
        found.append(f"The paper’s figure counts {v.paper_covers}.")
    if v.remark:
        found.append(_capital(v.remark) + ".")
    if v.repository_params is not None and v.repository_params != v.book_params:
        found.append(f"The companion repository lists another form, of {count(v.repository_params)} parameters.")
    return [quotes(note) for note in found]


def reason_text(reason: str) -> str:
    """A reason as people read it: what differs, and by how much behind it."""

    def clause(match: re.Match) -> str:
        return f"{match[2]} ({signed_count(int(match[1]))})"

    text = re.sub(r"([+-]\d+) ([^;]+)", clause, reason)
    return _capital(text)


def chapter_table(table: chapter.Table) -> Table:
    """A table of the chapters, with the exact counts beside the printed figure."""
    quotes_paper = any(row.variant.paper_quoted for row in table.rows)
    rows = []
    for row in table.rows:
        v = row.variant
        reference = NONE if v.reference_params is None else count(v.reference_params)
        figures = [row.printed + _MARKS.get(row.agreement, ""), count(v.book_params), count(v.built_params), reference]
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


def _summary(counted: Catalogue) -> Table:
    header = [
        Column("Section", "1fr"), "Variants", "Reference", *(kind.capitalize() for kind in KINDS), "Printed", "Rounded",
        "Cut off",
    ]  # fmt: skip
    rows = [_tally(_capital(name), variants) for name, variants in counted.domains.items()]
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


def _largest(rows: Sequence[Variant]) -> Table:
    lines = []
    for v in largest(rows):
        numbers = [count(v.built_params), count(v.reference_params), signed_count(v.delta_reference), share(v)]
        lines.append([v.variant, *numbers, reason_text(v.reason)])
    header = [Column("Variant"), "Built", "Reference", "Difference", "%", Column("Why", "1fr")]
    caption = "The largest differences from a reference implementation, in parameters, and their reasons."
    return Table(caption, header, lines, whole=True)


def _not_rounded(rows: Sequence[Variant]) -> Table:
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


def _parts(counted: Catalogue) -> Table:
    rows = []
    for part in counted.parts:
        how = HOW[part.book_printed_agreement]
        rows.append([_capital(part.part), part.variant, part.layers, part.book_printed, count(part.book_params), how])
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


def _about(variants: Sequence[Variant]) -> str:
    """What stands beside a heading: its papers, unless there are too many to list."""
    papers = list(dict.fromkeys(v.origin for v in variants))
    years = sorted({v.year for v in variants if v.year})
    if len(papers) == 1:
        return papers[0]
    return f"{years[0]}–{years[-1]}" if years and years[0] != years[-1] else "".join(map(str, years[:1]))


def _figure_caption(counted: Catalogue) -> str:
    fixtures = sum(v.is_fixture for v in counted.variants)
    text = (
        "The catalogue at a glance: parameters of the built network against multiply-adds for one example (left) and "
        "against the year of the paper (right), both by section. Along a dotted line every parameter is used equally "
        f"often. Grey dots are the {count(fixtures)} miniatures that the catalogue keeps for tests"
    )
    away = outside(counted.variants)
    return text + (f"; {count(away)} of them are too small for the axes." if away else ".")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
