"""The document that the vocabulary is about, as ``netspec/reference/vocabulary.yaml`` cites it."""

from __future__ import annotations

from report.engine.citation import facts


def sentence() -> str:
    """Title, version, maintainer and repository of the document."""
    about = facts("vocabulary.yaml")
    return (
        f"The document is {about['title']}, version {about['version']} of {about['updated']}, maintained by "
        f"{about['maintainer']} ({about['repository']}); its {about['lines']:,} lines are counted from 1. What stands "
        "here are facts about it in our words, and its formulas and figures with their line."
    )
