"""The content as Markdown, for a reader in a terminal or a browser; pictures and tables are linked, not embedded."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from report.document import GROUPS, HEADER, Content
from report.escape import texts
from report.markdown_table import table


def render(content: Content, folder: Path, difference: Path, curves: Path, links: Mapping[str, str]) -> str:
    """The whole report; ``folder`` is where it will stand, so that its links are relative."""

    def relative(path: Path) -> str:
        return Path(os.path.relpath(path, folder)).as_posix()

    content = texts(content)
    parts = [f"# {content.title}", f"*{content.subtitle}*", content.question, content.book]
    if content.notice:
        parts.append(f"> **{content.notice_label}** {content.notice}")
    parts += [f"**Table 1.** {content.table_caption}", table(_header(), [*content.rows, *map(_rerun, content.reruns)])]
    parts += [" ".join(f"{mark} {text}".strip() for mark, text in content.notes)] if content.notes else []
    if content.findings:
        parts += ["## What the numbers say", "\n".join(f"- {sentence}" for sentence in content.findings)]
    parts += [_figure(1, relative(difference), content.difference_caption)]
    parts += [_figure(2, relative(curves), content.curves_caption)]
    if content.strips:
        rows = [[f"`{strip.cell}`", f"![{strip.cell}]({relative(strip.path)})"] for strip in content.strips]
        parts += [table(["Cell", "Samples"], rows, left=2), f"**Figure 3.** {content.strips_caption}"]
    parts += ["## What was run", "\n".join(f"- **{what}**: {text}" for what, text in content.runs)]
    parts += ["## How this differs from the book’s experiment", content.differences_lead]
    if content.differences:
        parts.append(table(["", "This run", "The book"], content.differences, left=3))
    data = " · ".join(f"[{name}]({target})" for name, target in links.items())
    parts += ["---", f"{content.footer}. Data: {data}"]
    return "\n\n".join(parts) + "\n"


def _rerun(row: Sequence[str]) -> list[str]:
    """Markdown has no spanning cells: what the row is takes the first column and our columns stay empty."""
    what, *figures = row
    return [what, "", "", "", "", *figures]


def _header() -> list[str]:
    """GitHub's tables have one header line, so the group is named in each of its columns."""
    groups = [name for name, span in GROUPS for _ in range(span)]
    return [f"{group}: {name}" if group else name for group, name in zip(groups, HEADER, strict=True)]


def _figure(number: int, path: str, caption: str) -> str:
    return f"![Figure {number}]({path})\n\n**Figure {number}.** {caption}"
