"""What a page says, block by block, for tests that ask for one of its parts."""

from __future__ import annotations

from types import SimpleNamespace

from report.ablation.page import REPORT
from report.engine.page import Line, Page, Picture, Section, Table


def section(page: Page, title: str) -> Section:
    """The section of that title; an empty one where the page has none."""
    found = (block for block in page.blocks if isinstance(block, Section) and block.title == title)
    return next(found, Section(title))


def content(tree) -> SimpleNamespace:
    """The page of the ablation in its parts."""
    page = REPORT.page(tree.trained())
    table = next(block for block in page.blocks if isinstance(block, Table))
    pictures = [block.caption for block in page.blocks if isinstance(block, Picture)]
    differences = section(page, "How this differs from the book’s experiment")
    label, notice = page.notice or ("", None)
    return SimpleNamespace(
        page=page,
        question=page.question,
        notice_label=label,
        notice=notice,
        table_caption=table.caption,
        rows=[row for row in table.rows if not isinstance(row, Line)],
        reruns=[row.cells for row in table.rows if isinstance(row, Line)],
        notes=list(table.notes),
        findings=list(section(page, "What the numbers say").sentences),
        difference_caption=pictures[0],
        curves_caption=pictures[1],
        runs=section(page, "What was run").facts,
        differences=list(differences.rows),
        differences_lead=differences.lead,
        footer=page.footer,
    )
