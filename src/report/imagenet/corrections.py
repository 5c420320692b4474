"""On which side of the companion repository's corrections of August 2026 the printed figures stand."""

from __future__ import annotations

from report.engine.citation import facts
from report.engine.page import Section


def section() -> Section:
    """What was corrected, whether it moves the printed figures, and what is done here, from the reference file."""
    known = facts("book_imagenet_corrections.yaml")
    rows = []
    for correction in known["corrections"]:
        name = correction["what"][:1].upper() + correction["what"][1:]
        printed = f"They {correction['printed']}." + ("" if correction["decided"] else " Not decided.")
        change = correction["change"][:1].upper() + correction["change"][1:]
        rows.append((name, f"{change}.", printed, f"This run {correction['here']}."))
    return Section(
        "The corrections of August 2026",
        lead=(
            f"The companion repository corrected its ImageNet pipeline on {known['date']}. The run of ch. 10.5 is of "
            f"{known['printed_run']}: its printed figures stand before all {len(rows)} corrections. "
            f"{known['undated']}"
        ),
        header=("", "What changed", "The printed figures", "Here"),
        rows=rows,
    )
