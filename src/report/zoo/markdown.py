"""The content as Markdown; pictures and tables are linked, not embedded."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from report.escape import texts
from report.markdown_table import table
from report.zoo.document import Content


def render(content: Content, folder: Path, accuracy: Path, curves: Path, links: Mapping[str, str]) -> str:
    """The whole report; ``folder`` is where it will stand, so that its links are relative."""
    content = texts(content)
    parts = [f"# {content.title}", f"*{content.subtitle}*", content.question, content.book]
    parts += [f"> **{content.notice_label}** {content.notice}"]
    parts += [f"**Table 1.** {content.table_caption}", table(content.header, content.rows, left=len(content.left))]
    parts += [_figure(1, accuracy, folder, content.accuracy_caption)]
    if content.findings:
        parts += ["## What the numbers say", "\n".join(f"- {sentence}" for sentence in content.findings)]
    parts += [_figure(2, curves, folder, content.curves_caption)]
    parts += ["## What was run", "\n".join(f"- **{what}**: {text}" for what, text in content.runs)]
    data = " · ".join(f"[{name}]({target})" for name, target in links.items())
    parts += ["---", f"{content.footer}. Data: {data}"]
    return "\n\n".join(parts) + "\n"


def _figure(number: int, path: Path, folder: Path, caption: str) -> str:
    target = Path(os.path.relpath(path, folder)).as_posix()
    return f"![Figure {number}]({target})\n\n**Figure {number}.** {caption}"
