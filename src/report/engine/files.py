"""The files of a report: everything that stands at one stem."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from report.engine import markdown, typeset
from report.engine.page import Page


def ending(stem: Path, end: str) -> Path:
    """A file of a report; names may contain dots, so this is no suffix."""
    return stem.with_name(stem.name + end)


def files(page: Page, stem: Path, drawings: Mapping[str, bytes] | None = None, appendix: str = "") -> dict[Path, bytes]:
    """The page as PDF and Markdown, for ``write_all`` together with its ``drawings``, by the names that blocks use.

    ``appendix`` is Markdown that stands after all blocks, and there alone.

    Raises:
        ReportError: if a picture is missing or is not what its name says.
    """
    (document,) = typeset.compile_page(page, stem, drawings or {})
    text = markdown.document(page, stem, appendix)
    return {ending(stem, ".pdf"): document, ending(stem, ".md"): text.encode()}
