"""The Markdown pages: one per section, one per heading with every layer, and the index of them all."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

from report.formats import NONE, count
from report.markdown_table import table
from report.params.chapter import Table
from report.params.document import (
    HEADER,
    LEFT,
    Content,
    Plain,
    Section,
    chapter_table,
    new_primitives,
    quantity,
    section,
)
from report.params.records import PART_1, Catalogue, Layer, Variant, columns

LAYER_HEADER = ("", "Layer", "Input", "Output", "Book", "Built", "Multiply-adds", "Activations")


def slug(name: str) -> str:
    """A heading as a file name: ``YOLO v1/v3`` becomes ``yolo_v1_v3``."""
    plain = unicodedata.normalize("NFKD", name.lower()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")


def domain_page(found: Section) -> str:
    """All variants of one section of the chapter."""
    parts = [f"# {found.title}", found.caption, *_section(found)]
    return _join([*parts, "How the columns are counted stands in the [index](../params.md)."])


def entry_page(entry: str, variants: Sequence[Variant], layers: Sequence[Layer], tables: Iterable[Table]) -> str:
    """One heading: the chapter's table, all counts, and every layer of every variant."""
    first = variants[0]
    own = [v for v in variants if v.domain != PART_1]
    later, earlier = (new_primitives(own, f"new_primitives{edition}") for edition in ("", "_earlier"))
    books = list(dict.fromkeys(v.book for v in variants))
    parts = [
        f"# {entry}",
        " · ".join([first.origin, *books]),
    ]
    if own:
        editions = f"New primitives: {_new(later)} in the later edition, {_new(earlier)} in the earlier"
        parts.append(editions + ("; a dash: the edition has no such heading." if NONE in editions else "."))
    for printed in map(chapter_table, tables):
        parts += ["## As the chapter prints it", printed.caption, _plain(printed)]
    parts += ["## Counts", *_section(section(entry, variants))]
    parts += ["How the columns are counted stands in the [index](../params.md).", "## Layers"]
    by_variant: dict[str, list[Layer]] = {}
    for layer in layers:
        by_variant.setdefault(layer.variant, []).append(layer)
    for v in variants:
        parts += [f"### {v.variant}", _layers(v, by_variant[v.variant])]
    return _join(parts)


def index_page(content: Content, counted: Catalogue) -> str:
    """The summary, the figure, and links to every other file."""
    parts = [f"# {content.title}", f"*{content.subtitle}*", content.question, content.book]
    parts += ["## What the counts say", _list(content.findings), _captioned(content.summary)]
    parts += [f"![The catalogue at a glance](params.svg)\n\n**Figure.** {content.figure_caption}"]
    parts += ["## How it is counted", _list(f"**{term}**: {text}" for term, text in content.conventions)]
    parts += ["Kinds:", _list(f"**{kind}**: {text}" for kind, text in content.kinds)]
    parts += ["## Largest differences", _captioned(content.largest)]
    parts += ["## As the chapters print them", *map(_captioned, content.printed)]
    parts += ["## Printed figures", _captioned(content.not_rounded), _captioned(content.parts)]
    parts += ["## New primitives", _captioned(content.primitives)]
    links = [_link(title, "domains", len(rows)) for title, rows in counted.domains.items()]
    parts += ["## Sections", _list(links), "## Headings"]
    parts += [_list(_link(title, "entries", len(rows)) for title, rows in counted.entries.items())]
    parts += ["## Other forms and whole systems", *_section(content.others)]
    meanings = [[f"`{name}`", meaning] for name, meaning in columns(Variant).items()]
    parts += ["## Columns of `params.csv` and `other_forms.csv`", table(["Column", "Meaning"], meanings)]
    meanings = [[f"`{name}`", meaning] for name, meaning in columns(Layer).items()]
    parts += ["## Columns of `entries/*.csv`", table(["Column", "Meaning"], meanings)]
    files = ("params.pdf", "params.csv", "other_forms.csv", "parts.csv", "chapter")
    return _join([*parts, "---", "Files: " + " · ".join(f"[{name}]({name})" for name in files)])


def _link(title: str, folder: str, number: int) -> str:
    name = slug(title)
    return f"[{title}]({folder}/{name}.md) ({count(number)}), [CSV]({folder}/{name}.csv)"


def _new(found: tuple[str, str]) -> str:
    number, names = found
    return f"{number} ({names})" if names else number


def _section(found: Section) -> list[str]:
    several = len(found.groups) > 1
    rows = []
    for group in found.groups:
        for line in group.lines:
            rows.append([*([group.title] if several else []), *line.cells])
    # Text first, figures after: Markdown aligns a block of columns at a time.
    order = sorted(range(len(HEADER)), key=lambda i: HEADER[i] not in LEFT)
    shift = int(several)
    rows = [[*row[:shift], *(row[i + shift] for i in order)] for row in rows]
    header = [*(["Heading"] if several else []), *(HEADER[i] for i in order)]
    parts = [table(header, rows, left=len(LEFT) + shift)]
    if found.notes:
        parts.append("\n".join(f"{number}. {note}" for number, note in enumerate(found.notes, start=1)))
    return parts


def _layers(v: Variant, layers: Sequence[Layer]) -> str:
    rows = []
    for layer in layers:
        figures = [count(layer.book_params), count(layer.built_params), quantity(layer.macs)]
        name = "\u2003" * layer.depth + f"`{layer.layer}`"
        rows.append([layer.path, name, layer.input, layer.output, *figures, count(layer.activations)])
    total = ["", "**Together**", v.image, v.output, count(v.book_params), count(v.built_params)]
    rows.append([*total, quantity(v.macs), count(v.activations)])
    return table(LAYER_HEADER, rows, left=4)


def _plain(found: Plain) -> str:
    order = sorted(range(len(found.header)), key=lambda i: found.header[i] not in found.left)
    header = [found.header[i].strip() for i in order]
    rows = [[row[i] or (NONE if found.header[i] != "%" else "") for i in order] for row in found.rows]
    return table(header, rows, left=len(found.left))


def _captioned(found: Plain) -> str:
    return f"**{found.caption}**\n\n{_plain(found)}"


def _list(items: Iterable[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def _join(parts: Iterable[str]) -> str:
    return "\n\n".join(parts) + "\n"
