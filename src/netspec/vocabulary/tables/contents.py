"""What the document lists at its beginning, and the sections that it has."""

from __future__ import annotations

from collections import Counter

from netspec.vocabulary.entry import entries
from netspec.vocabulary.tables.figures import Ours, printed


def _sections() -> Counter[str]:
    return Counter(entry.section for entry in entries().values())


def listed() -> dict[tuple[str, str], Ours]:
    """Sections that the contents name, each with the number of terms that stand in the section of that title."""
    sections = _sections()
    return {
        (row["row"], row["column"]): Ours(
            f"{sections[row['value']]} entries",
            "agrees" if sections[row["value"]] else "differs",
            "rows of that section",
        )
        for row in printed("contents")
    }


def missed() -> dict[tuple[str, str], Ours]:
    """Sections that are there and that the contents leave out, with how many terms a reader does not find so."""
    titles = {row["value"] for row in printed("contents")}
    sections = _sections()
    return {
        (row["row"], row["column"]): Ours(
            f"{sections[row['row'].split(':')[0]]} entries",
            "agrees" if row["row"] not in titles else "differs",
            "its title is not in the contents",
        )
        for row in printed("sections_missing_from_contents")
    }
