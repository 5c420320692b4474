"""The Markdown pages: one per section, one per heading with every layer, and the index of them all."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

from report.engine.formats import NONE, count
from report.engine.markdown import blocks, document, items, joined, meanings, table
from report.params import chapter
from report.params.page import chapter_table, new_primitives, page, quantity, section
from report.params.rows import PART_1, Catalogue, Layer, Variant

LAYER_HEADER = ("", "Layer", "Input", "Output", "Book", "Built", "Multiply-adds", "Activations")
COUNTED = "How the columns are counted stands in the [index](../params.md)."


def slug(name: str) -> str:
    """A heading as a file name: ``YOLO v1/v3`` becomes ``yolo_v1_v3``."""
    plain = unicodedata.normalize("NFKD", name.lower()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")


def domain_page(name: str, variants: Sequence[Variant], stem: Path) -> str:
    """All variants of one section of the chapter."""
    return joined([f"# {name[:1].upper() + name[1:]}", *blocks(section(name, variants), stem), COUNTED])


def entry_page(
    entry: str, variants: Sequence[Variant], layers: Sequence[Layer], tables: Iterable[chapter.Table], stem: Path
) -> str:
    """One heading: the chapter's table, all counts, and every layer of every variant."""
    first = variants[0]
    own = [v for v in variants if v.domain != PART_1]
    later, earlier = (new_primitives(own, f"new_primitives{edition}") for edition in ("", "_earlier"))
    books = list(dict.fromkeys(v.book for v in variants))
    parts = [f"# {entry}", " · ".join([first.origin, *books])]
    if own:
        editions = f"New primitives: {_new(later)} in the later edition, {_new(earlier)} in the earlier"
        parts.append(editions + ("; a dash: the edition has no such heading." if NONE in editions else "."))
    printed = list(map(chapter_table, tables))
    parts += ["## As the chapter prints it" if printed else "", *blocks(printed, stem)]
    parts += ["## Counts", *blocks(section(entry, variants), stem), COUNTED, "## Layers"]
    by_variant: dict[str, list[Layer]] = {}
    for layer in layers:
        by_variant.setdefault(layer.variant, []).append(layer)
    for v in variants:
        parts += [f"### {v.variant}", _layers(v, by_variant[v.variant])]
    return joined(parts)


def index_page(counted: Catalogue, tables: Sequence[chapter.Table], stem: Path) -> str:
    """The summary, the figure, and links to every other file."""
    domains = [_link(title, "domains", len(rows)) for title, rows in counted.domains.items()]
    entries = [_link(title, "entries", len(rows)) for title, rows in counted.entries.items()]
    parts = ["## Sections", items(domains), "## Headings", items(entries)]
    parts += ["## Tables of the chapters", "One file each in [chapter](chapter)."]
    parts += meanings("`params.csv` and `other_forms.csv`", Variant) + meanings("`entries/*.csv`", Layer)
    return document(page(counted, tables, sections=False), stem, joined(parts))


def _link(title: str, folder: str, number: int) -> str:
    name = slug(title)
    return f"[{title}]({folder}/{name}.md) ({count(number)}), [CSV]({folder}/{name}.csv)"


def _new(found: tuple[str, str]) -> str:
    number, names = found
    return f"{number} ({names})" if names else number


def _layers(v: Variant, layers: Sequence[Layer]) -> str:
    rows = []
    for layer in layers:
        figures = [count(layer.book_params), count(layer.built_params), quantity(layer.macs)]
        name = "\u2003" * layer.depth + f"`{layer.layer}`"
        rows.append([layer.path, name, layer.input, layer.output, *figures, count(layer.activations)])
    total = ["", "**Together**", v.image, v.output, count(v.book_params), count(v.built_params)]
    rows.append([*total, quantity(v.macs), count(v.activations)])
    return table(LAYER_HEADER, rows, [i < 4 for i in range(len(LAYER_HEADER))])
