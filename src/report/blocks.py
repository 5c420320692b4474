"""A report as a sequence of blocks, which Markdown and the typeset page render alike.

Text may contain `code` in backticks and nothing else that a renderer has to understand.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from report.escape import texts
from report.markdown_table import table
from report.pages import compile_template


@dataclass(frozen=True)
class Table:
    """A table: ``groups`` are (name, columns) over the header, the first ``left`` columns are text."""

    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    left: int = 1
    groups: Sequence[tuple[str, int]] = ()
    notes: Sequence[tuple[str, str]] = ()  # (mark, sentence); a mark repeats in the table
    kind: str = field(default="table", init=False)


@dataclass(frozen=True)
class Picture:
    """A figure: an SVG file and what is to be seen."""

    path: Path
    caption: str
    kind: str = field(default="picture", init=False)


@dataclass(frozen=True)
class Section:
    """A heading over sentences, a list of facts (what, text), or a small table of text."""

    title: str
    lead: str = ""
    sentences: Sequence[str] = ()
    facts: Sequence[tuple[str, str]] = ()
    header: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    kind: str = field(default="section", init=False)


@dataclass(frozen=True)
class Page:
    """The report in reading order; ``book`` cites it, ``notice`` is a label and a text that no reader may miss."""

    title: str
    subtitle: str
    question: str
    book: str
    blocks: Sequence[Table | Picture | Section]
    footer: str
    notice: tuple[str, str] | None = None


def typeset(page: Page, links: Mapping[str, str], format: str = "pdf", ppi: float | None = None) -> list[bytes]:
    """One PDF, or with ``format="png"`` one picture per page; ``links`` are data files by the name to show."""
    content = asdict(page) | {"links": list(links.items())}
    pictures = {}
    for index, block in enumerate(page.blocks):
        if isinstance(block, Picture):
            pictures[f"picture{index}.svg"] = block.path
            content["blocks"][index]["path"] = f"picture{index}.svg"
    return compile_template("page.typ", content, pictures, format, ppi)


def markdown(page: Page, folder: Path, links: Mapping[str, str]) -> str:
    """The whole report; ``folder`` is where it will stand, so that its links are relative."""
    page = texts(page)
    parts = [f"# {page.title}", f"*{page.subtitle}*", page.question, page.book]
    parts += ["> **{}** {}".format(*page.notice)] if page.notice else []
    count = {"Table": 0, "Figure": 0}

    def caption(kind: str, text: str) -> str:
        count[kind] += 1
        return f"**{kind} {count[kind]}.** {text}"

    for block in page.blocks:
        if isinstance(block, Table):
            parts += [caption("Table", block.caption), table(_header(block), block.rows, left=block.left)]
            parts += [" ".join(f"{mark} {text}".strip() for mark, text in block.notes)] if block.notes else []
        elif isinstance(block, Picture):
            text = caption("Figure", block.caption)
            target = Path(os.path.relpath(block.path, folder)).as_posix()
            parts += [f"![Figure {count['Figure']}]({target})", text]
        else:
            parts += [f"## {block.title}"] + ([block.lead] if block.lead else [])
            parts += ["\n".join(f"- {sentence}" for sentence in block.sentences)] if block.sentences else []
            parts += ["\n".join(f"- **{what}**: {text}" for what, text in block.facts)] if block.facts else []
            parts += [table(block.header, block.rows, left=len(block.header))] if block.rows else []
    data = " · ".join(f"[{name}]({target})" for name, target in links.items())
    parts += ["---", f"{page.footer}. Data: {data}"]
    return "\n\n".join(parts) + "\n"


def _header(block: Table) -> list[str]:
    """GitHub's tables have one header line, so the group is named in each of its columns."""
    groups = [name for name, span in block.groups for _ in range(span)] or [""] * len(block.header)
    return [f"{group}: {name}" if group else name for group, name in zip(groups, block.header, strict=True)]
