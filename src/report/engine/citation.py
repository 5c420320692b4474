"""The book that a report is about, named as ``netspec/reference/book.yaml`` has it."""

from __future__ import annotations

from functools import cache
from typing import Any

from report.engine import reference
from report.engine.formats import listing


@cache
def facts(name: str) -> dict[str, Any]:
    """A YAML file of ``netspec/reference``, which states its source."""
    import yaml

    return yaml.safe_load(reference.text(name))


def sentence(*sections: str) -> str:
    """Author, title, chapter and companion repository, for a report on these sections such as ``10.4``."""
    book = facts("book.yaml")
    titles = dict.fromkeys(book["chapters"][section.split(".")[0]] for section in sections)
    plural = "s" if len(sections) > 1 else ""
    where = f"chapter{plural} {listing(sections)} ({listing(f'“{title}”' for title in titles)})"
    return (
        f"The book is {book['author']}, {book['title']}, {book['url']}, of which this report concerns {where}; its "
        f"companion repository is {book['repository']}."
    )
