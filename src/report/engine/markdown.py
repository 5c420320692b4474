"""A page as Markdown, as GitHub reads it; pictures and tables are linked, not embedded."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from itertools import count
from pathlib import Path

from report.engine.escape import texts
from report.engine.page import (
    Band,
    Block,
    Cell,
    Definition,
    Definitions,
    Line,
    Notes,
    Page,
    Picture,
    Section,
    Strips,
    Table,
    beside,
)
from report.engine.rows import meanings as columns_of


def document(page: Page, stem: Path, appendix: str = "") -> str:
    """The whole page as it stands at ``stem``, and what belongs after it."""
    title, subtitle, question, book, footer = texts([page.title, page.subtitle, page.question, page.book, page.footer])
    notice = texts(page.notice or ())
    parts = [f"# {title}", f"*{subtitle}*" if subtitle else "", question, book]
    parts += ["> **{}** {}".format(*notice)] if notice else []
    parts += blocks([*page.blocks, *page.wide], stem)
    links = " · ".join(f"[{beside(stem, file)}]({beside(stem, file)})" for file in page.data)
    return joined([*parts, appendix.strip(), "---", f"{footer}. Data: {links}"])


def joined(parts: Iterable[str]) -> str:
    """Paragraphs as a file."""
    return "\n\n".join(part for part in parts if part) + "\n"


def blocks(given: Iterable[Block], stem: Path) -> list[str]:
    """Paragraphs of a sequence of blocks, tables and figures numbered from 1."""
    tables, figures = count(1), count(1)
    parts: list[str] = []
    for block in map(texts, given):
        match block:
            case Table():
                parts += [f"**Table {next(tables)}.** {block.caption}"] if block.caption else []
                parts += of_table(block)
            case Picture():
                number = next(figures)
                address = beside(stem, block.file)
                parts += [f"![Figure {number}]({address})", f"**Figure {number}.** {block.caption}"]
            case Strips():
                paths = [Path(os.path.relpath(strip.path, stem.parent)).as_posix() for strip in block.strips]
                rows = [[f"`{s.name}`", f"![{s.name}]({p})"] for s, p in zip(block.strips, paths, strict=True)]
                parts += [table(["Cell", "Samples"], rows), f"**Figure {next(figures)}.** {block.caption}"]
            case Notes():
                parts += ["\n".join(f"{number}. {note}" for number, note in enumerate(block.notes, start=1))]
            case Definitions():
                parts += [part for definition in block.definitions for part in of_definition(definition)]
            case Section():
                parts += [f"## {block.title}", block.lead, items(block.sentences)]
                parts += [items(f"**{what}**: {text}" for what, text in block.facts)]
                parts += [table(block.header, block.rows)] if block.rows else []
    return [part for part in parts if part]


def of_table(block: Table) -> list[str]:
    """A table, its texts escaped already, and its notes. It has one header line, so a group stands in each column."""
    columns = block.columns
    groups = [name for name, span in block.groups for _ in range(span)] or [""] * len(columns)
    header = [
        f"{group}: {column.name}" if group else column.name for group, column in zip(groups, columns, strict=True)
    ]
    left = [column.left for column in columns]
    banded = [block.band] if block.band else []
    rows, band = [], ""
    for row in block.rows:
        if isinstance(row, Band):
            band = row.title
            continue
        cells, span = (row.cells, row.span) if isinstance(row, Line) else (row, 1)
        first, *rest = map(of_cell, cells)
        rows.append([*([band] if banded else []), first, *[""] * (span - 1), *rest])
    notes = " ".join(f"{mark} {text}".strip() for mark, text in block.notes)
    return [table([*banded, *header], rows, [*([True] if banded else []), *left]), *([notes] if notes else [])]


def of_definition(definition: Definition) -> list[str]:
    """A definition, its texts escaped already; its formula as plain text."""
    facts = [("formula", f"`{definition.plain}`"), *definition.facts] if definition.plain else definition.facts
    return [
        f"**{definition.name}** ({definition.remark})",
        definition.text,
        items(f"{what}: {text}" for what, text in facts),
        f"**{definition.alarm}**" if definition.alarm else "",
    ]


def of_cell(cell: str | Cell) -> str:
    """A cell in one line."""
    if isinstance(cell, str):
        return cell
    lead, between = f"**{cell.lead}**" if cell.lead else "", cell.between if cell.below else ""
    return " ".join(part for part in (lead, cell.text, between, cell.below) if part)


def items(sentences: Iterable[str]) -> str:
    """A list."""
    return "\n".join(f"- {sentence}" for sentence in sentences)


def meanings(files: str, row: type) -> list[str]:
    """A heading and a table of what the columns of ``files`` mean, which hold rows of this type."""
    lines = [[f"`{name}`", meaning] for name, meaning in columns_of(row).items()]
    return [f"## Columns of {files}", table(["Column", "Meaning"], lines)]


def table(header: Sequence[str], rows: Sequence[Sequence[str]], left: Sequence[bool] | None = None) -> str:
    """A table of texts; ``left`` says which columns are text, aligned left, by default all."""
    left = left or [True] * len(header)
    lines = [_line(header), "|" + "|".join(" --- " if text else " ---: " for text in left) + "|"]
    return "\n".join(lines + [_line(row) for row in rows])


def _line(row: Sequence[str]) -> str:
    # A bar or a line break inside a description would end the cell.
    return "| " + " | ".join(" ".join(text.split(None)).replace("|", "\\|") for text in row) + " |"
