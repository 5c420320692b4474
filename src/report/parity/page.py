"""The page on parity: by family, case by case, and what a case cannot see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from report.engine import citation
from report.engine.page import Block, Column, Page, Table

Rows = Sequence[Mapping[str, Any]]


def page(rows: Rows, unseen: Rows) -> Page:
    """Assemble it from the rows of :mod:`report.parity.run`."""
    compared = [row for row in rows if row["function"] != "not compared"]
    exact = [row for row in compared if row["count"] == row["function"] == "exact"]
    blocks: list[Block] = [_families(rows), _cases(rows)]
    if unseen:
        blocks.append(_unseen(unseen))
    said = f"{len(exact)} of {len(rows)} cases exact in count and function"
    return Page(
        title="Networks beside their reference implementations",
        subtitle=f"{said}, {len(rows) - len(compared)} not compared",
        question=(
            "Does a network here compute what a library's network of that name computes when it has the same "
            "weights? Weights follow from a rule, so that outputs could be recorded once, in float64."
        ),
        book=citation.sentence("11"),
        blocks=blocks,
        footer="Parity",
    )


def _families(rows: Rows) -> Table:
    families = dict.fromkeys(row["family"] for row in rows)
    lines = []
    for family in families:
        own = [row for row in rows if row["family"] == family]
        rules = [int(row["rules"]) for row in own if row["rules"] != ""]
        words = [sum(row[what] == "exact" for row in own) for what in ("count", "function")]
        lines.append([family, f"{len(own)}", *map(str, words), f"{max(rules)}" if rules else "–"])
    caption = (
        "Cases by family: how many there are, in how many the number of parameters is the reference's, in how "
        "many outputs and gradients are within what the case tolerates, and the rules that name its weights."
    )
    return Table(caption, (Column("Family"), "Cases", "Count exact", "Function exact", "Rules"), lines)


def _cases(rows: Rows) -> Table:
    caption = (
        "Every case. Errors are shares of what the case tolerates: in float32 ten times the reference's own "
        "rounding, in float64 a millionth of that; gradients in float64. – was not recorded, or not run in "
        "float64 for its size. Seconds: both runs with compiling."
    )
    header = (
        *(Column("Case"), Column("Network"), "Parameters", "float32", "float64", "Gradients", "s"),
        Column("Otherwise"),
    )
    lines = [
        [
            row["case"],
            row["network"] or "–",
            f"{row['params']:,}" if row["params"] != "" else "–",
            *(_error(row[name]) for name in ("float32", "float64", "gradients")),
            f"{row['seconds']}",
            _otherwise(row),
        ]
        for row in rows
    ]
    return Table(caption, header, lines)


def _otherwise(row: Mapping[str, Any]) -> str:
    if row["function"] == "not compared":
        return row["reason"]
    differs = f"count differs from {row['reference_params']:,}" if row["count"] == "differs" else ""
    return "; ".join(filter(None, (differs, row["reason"] and f"beyond: {row['reason']}")))


def _error(value: Any) -> str:
    return "–" if value == "" else f"{value:.2g}"


def _unseen(unseen: Rows) -> Table:
    caption = (
        "Conventions in which a network differs from the book's, changed back one at a time. First, how far the "
        "recorded output moves over what is tolerated: below 1 the case does not notice. Then how far the output "
        "moves, relative to its largest value, at an added input thirty times as large."
    )
    header = (Column("Case"), Column("Convention"), Column("Value"), "At the case's input", "At the added input")
    lines = [
        [row["case"], row["convention"], row["value"], f"{row['at_input']:.2g}", f"{row['at_larger']:.1e}"]
        for row in sorted(unseen, key=lambda row: row["at_input"])
    ]
    return Table(caption, header, lines)
