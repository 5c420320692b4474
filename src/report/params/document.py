"""What stands in the report, as plain data: the Markdown pages and the typeset report are two renderings of it.

Text may contain `code` in backticks and nothing else that a renderer has to understand.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from report import citation
from report.formats import NONE, count, minus, scaled, signed_count
from report.params.axes import outside
from report.params.chapter import Table
from report.params.findings import KINDS, findings, largest, not_rounded, quotes
from report.params.records import PART_1, Catalogue, Variant

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
    "Variant", "Input", "Layers", "Printed", "Paper", "Book", "Built", "Reference", "Difference", "%", "Kind",
    "Multiply-adds", "Activations (MiB)", "Notes",
)  # fmt: skip
LEFT = ("Variant", "Input", "Kind", "Notes")

LEGEND = (
    "Difference is built minus reference, also in percent of the reference. † Cut off, not rounded; ‡ given by no form "
    "of the listing. In parentheses: the paper as the chapter quotes it."
)
HOW = {"truncated": "cut off", "rounded": "rounded", "not reproduced": "not reproduced"}
_MARKS = {"truncated": "†", "not reproduced": "‡"}


@dataclass(frozen=True)
class Line:
    """One variant of a table: the cells of :data:`HEADER`, the last of which lists the numbers of its notes."""

    cells: list[str]


@dataclass(frozen=True)
class Group:
    """The variants of one heading."""

    title: str
    about: str
    lines: list[Line]


@dataclass(frozen=True)
class Section:
    """A table with its notes, numbered from 1."""

    title: str
    caption: str
    groups: list[Group]
    notes: list[str]


@dataclass(frozen=True)
class Plain:
    """A table without notes; the columns named in ``left`` are text."""

    caption: str
    header: list[str]
    left: list[str]
    rows: list[list[str]]


@dataclass(frozen=True)
class Content:
    """The report in reading order."""

    title: str
    subtitle: str
    question: str
    book: str
    conventions: list[tuple[str, str]]
    kinds: list[tuple[str, str]]
    findings: list[str]
    figure_caption: str
    summary: Plain
    largest: Plain
    printed: list[Plain]
    not_rounded: Plain
    parts: Plain
    primitives: Plain
    sections: list[Section]
    others: Section


def content(counted: Catalogue, tables: Sequence[Table]) -> Content:
    """Assemble the report."""
    rows = counted.variants
    return Content(
        title=TITLE,
        subtitle=f"Parameters and multiply-adds of the {count(len(rows))} variants of chapters 10 and 11",
        question=QUESTION,
        book=citation.sentence("10", "11"),
        conventions=list(CONVENTIONS),
        kinds=list(KINDS.items()),
        findings=findings(counted),
        figure_caption=_figure_caption(counted),
        summary=_summary(counted),
        largest=_largest(rows),
        printed=[chapter_table(table) for table in tables],
        not_rounded=_not_rounded(rows),
        parts=_parts(counted),
        primitives=primitives(counted),
        sections=[section(name, variants) for name, variants in counted.domains.items()],
        others=section(
            "Other forms and whole systems",
            counted.others,
            "Other forms that a chapter or the companion repository gives of a variant, and systems composed of the "
            "parts that the chapter lists one by one.",
        ),
    )


def section(title: str, variants: Iterable[Variant], caption: str = "") -> Section:
    """A table of variants under their headings."""
    notes: dict[str, int] = {}
    groups: dict[str, list[Line]] = {}
    about: dict[str, list[Variant]] = {}
    for v in variants:
        numbers = [notes.setdefault(note, len(notes) + 1) for note in notes_of(v)]
        groups.setdefault(v.entry, []).append(Line([*cells(v), ", ".join(map(str, sorted(numbers)))]))
        about.setdefault(v.entry, []).append(v)
    caption = caption or f"Every variant of “{title}” with all its counts."
    found = [Group(name, _about(about[name]), lines) for name, lines in groups.items()]
    return Section(title[:1].upper() + title[1:], f"{caption} {LEGEND}", found, list(notes))


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
        found.append(v.remark[:1].upper() + v.remark[1:] + ".")
    if v.repository_params is not None and v.repository_params != v.book_params:
        found.append(f"The companion repository lists another form, of {count(v.repository_params)} parameters.")
    return [quotes(note) for note in found]


def reason_text(reason: str) -> str:
    """A reason as people read it: what differs, and by how much behind it."""

    def clause(match: re.Match) -> str:
        return f"{match[2]} ({signed_count(int(match[1]))})"

    text = re.sub(r"([+-]\d+) ([^;]+)", clause, reason)
    return text[:1].upper() + text[1:]


def chapter_table(table: Table) -> Plain:
    """A table of the chapters, with the exact counts beside the printed figure."""
    quotes_paper = any(row.variant.paper_quoted for row in table.rows)
    rows = []
    for row in table.rows:
        v = row.variant
        reference = NONE if v.reference_params is None else count(v.reference_params)
        figures = [row.printed + _MARKS.get(row.agreement, ""), count(v.book_params), count(v.built_params), reference]
        paper = [v.paper_quoted or NONE] if quotes_paper else []
        rows.append([v.variant, *row.configuration, v.output, *figures, *paper])
    header = ["Name", *table.columns, "Classes", "Printed", "Book", "Built", "Reference"]
    caption = f"{table.title}, as section {table.section} prints it, with the exact counts."
    if quotes_paper:
        header.append("Paper")
        caption += " The paper is as the chapter quotes it."
    for v, other in table.of_other_heads:
        caption += (
            f" {v.variant} is printed with {v.output} classes; with {other.output} it has "
            f"{count(other.built_params)} parameters."
        )
    return Plain(caption, header, ["Name", *table.columns], rows)


def _summary(counted: Catalogue) -> Plain:
    header = [
        "Section", "Variants", "Reference", *(kind.capitalize() for kind in KINDS), "Printed", "Rounded", "Cut off",
    ]  # fmt: skip
    rows = [_tally(name[:1].upper() + name[1:], variants) for name, variants in counted.domains.items()]
    caption = (
        "How the counts agree, by section. Of all variants: those with a reference, and their kinds. Of the figures "
        "that the chapters print: those that are a count rounded, and those that are one cut off."
    )
    return Plain(caption, header, ["Section"], [*rows, _tally("All", counted.variants)])


def _tally(name: str, rows: Sequence[Variant]) -> list[str]:
    kinds = Counter(v.kind for v in rows)
    printed = Counter(v.book_printed_agreement for v in rows if v.book_printed)
    numbers = [len(rows), sum(v.reference_params is not None for v in rows), *(kinds[kind] for kind in KINDS)]
    numbers += [printed.total(), printed["rounded"], printed["truncated"]]
    return [name, *map(str, numbers)]


def _largest(rows: Sequence[Variant]) -> Plain:
    lines = []
    for v in largest(rows):
        numbers = [count(v.built_params), count(v.reference_params), signed_count(v.delta_reference), share(v)]
        lines.append([v.variant, *numbers, reason_text(v.reason)])
    header = ["Variant", "Built", "Reference", "Difference", "%", "Why"]
    caption = "The largest differences from a reference implementation, in parameters, and their reasons."
    return Plain(caption, header, ["Variant", "Why"], lines)


def _not_rounded(rows: Sequence[Variant]) -> Plain:
    lines = []
    for v in not_rounded(rows):
        counts = "the variant itself" if v.book_printed_counts == v.variant else v.book_printed_counts
        lines.append([v.variant, v.book_printed, count(v.book_printed_params), HOW[v.book_printed_agreement], counts])
    header = ["Variant", "Printed", "Count", "How", "What is counted"]
    caption = (
        "Printed figures that are not the rounded count of the variant itself. Without the digits behind them, or "
        "counted for another form, all but those marked “not reproduced” follow from the formulas."
    )
    return Plain(caption, header, ["Variant", "How", "What is counted"], lines)


def _parts(counted: Catalogue) -> Plain:
    rows = []
    for part in counted.parts:
        how = HOW[part.book_printed_agreement]
        name = part.part[:1].upper() + part.part[1:]
        rows.append([name, part.variant, part.layers, part.book_printed, count(part.book_params), how])
    header = ["Part", "Variant", "Layers", "Printed", "Count", "How"]
    caption = "Figures that the chapters print for some layers of a network, or once more with fewer digits."
    return Plain(caption, header, ["Part", "Variant", "How"], rows)


def primitives(counted: Catalogue) -> Plain:
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
    header = ["Heading", "Later", "which", "Earlier", "which "]
    caption = (
        "New primitives of each heading of chapter 11: what the later edition asks of a reader who knows Part 1, and "
        "what the earlier edition added to the language for it. A dash: the edition has no such heading."
    )
    return Plain(caption, header, ["Heading", "which", "which "], rows)


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
