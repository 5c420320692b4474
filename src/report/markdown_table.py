"""Tables in Markdown, as GitHub reads them."""

from __future__ import annotations

from collections.abc import Sequence


def table(header: Sequence[str], rows: Sequence[Sequence[str]], left: int = 2) -> str:
    """A table whose first columns are text, aligned left, and whose others are figures, aligned right."""
    lines = [_line(header), "|" + "|".join(" --- " if i < left else " ---: " for i in range(len(header))) + "|"]
    return "\n".join(lines + [_line(row) for row in rows])


def _line(row: Sequence[str]) -> str:
    # A bar or a line break inside a description would end the cell.
    return "| " + " | ".join(" ".join(text.split(None)).replace("|", "\\|") for text in row) + " |"
