"""The page on the counted catalogue, and the tables of variants that pages of its parts show as well."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from report.engine import citation
from report.engine.formats import NONE, count, signed_count
from report.engine.page import Band, Block, Column, Notes, Page, Picture, Section, Table
from report.params import chapter
from report.params.axes import outside
from report.params.findings import FUNCTIONS, WHYS, findings, quotes
from report.params.rows import Catalogue, Variant
from report.params.tables import (
    MARKS,
    capital,
    chapter_table,
    largest_table,
    not_rounded_table,
    parts,
    primitives,
    quantity,
    reason_text,
    share,
    summary,
)  # fmt: skip

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
    "Book", "Built", "Reference", "Difference", "%", Column("Count", "2.2cm"), Column("Function"),
    Column("Multiply-adds", "1.9cm", left=False),
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


def page(counted: Catalogue, tables: Sequence[chapter.Table], sections: bool = True) -> Page:
    """The report in reading order, with the table of every section unless those are pages of their own."""
    rows = counted.variants
    blocks: list[Block] = [
        Section("What the counts say", sentences=findings(counted)),
        Picture("*.svg", _figure_caption(counted), floats=True),
        Section("How it is counted", facts=CONVENTIONS),
        Section("", "How built and reference compare, in their counts:", facts=list(WHYS.items())),
        Section(
            "", "And in what they compute of the same inputs with the same weights:", facts=list(FUNCTIONS.items())
        ),
        summary(counted),
        Section("The tables of the chapters"),
        *map(chapter_table, tables),
        not_rounded_table(rows),
        parts(counted),
        Section("Largest differences"),
        largest_table(rows),
        Section("New primitives"),
        primitives(counted),
    ]
    others = "Other forms and whole systems"
    wide = [Section(others), *section(others, counted.others, OTHERS)]
    if sections:
        own = [(name, section(name, variants)) for name, variants in counted.domains.items()]
        wide = [*(block for name, found in own for block in (Section(capital(name)), *found)), *wide]
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
        v.book_printed + MARKS.get(v.book_printed_agreement, ""),
        re.sub(r" (trainable )?parameters$", "", v.paper_printed) or (f"({v.paper_quoted})" if v.paper_quoted else ""),
        count(v.book_params),
        count(v.built_params),
        NONE if v.reference_params is None else count(v.reference_params),
        NONE if v.delta_reference is None else signed_count(v.delta_reference),
        share(v),
        v.count,
        v.function.partition(" (")[0],
        quantity(v.macs),
        f"{v.activation_bytes / 2**20:,.2f}",
    ]


def notes_of(v: Variant) -> list[str]:
    """Everything to know about a row, one sentence each."""
    found = []
    if v.reason:
        found.append(reason_text(v.reason) + ".")
    if v.function.startswith("differs (") and v.count == "exact":
        found.append(f"Computes another function: {v.function[len('differs (') : -1]}.")
    if v.book_printed_note:
        counts = "" if v.book_printed_agreement == "not reproduced" else f": {count(v.book_printed_params)}"
        found.append(f"{v.book_printed} printed: {v.book_printed_note}{counts}.")
    if v.paper_covers:
        found.append(f"The paper’s figure counts {v.paper_covers}.")
    if v.remark:
        found.append(capital(v.remark) + ".")
    if v.repository_params is not None and v.repository_params != v.book_params:
        found.append(f"The companion repository lists another form, of {count(v.repository_params)} parameters.")
    return [quotes(note) for note in found]


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
