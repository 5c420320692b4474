"""``netspec count``: the numbers of one spec side by side, each with where it comes from."""

from __future__ import annotations

import argparse

from netspec.cli import records, sizing, text
from netspec.counts import Count, count

CONVENTION = (
    "One multiply-add counts 1: convolutions with their padding, matrix products, both products of attention and "
    "recurrences; not biases, normalisation, activation functions, pooling, interpolation, look-ups, gates and "
    "additions. Activations are the numbers that leave each layer, for one example."
)

_FIGURE = 16


def run(options: argparse.Namespace) -> None:
    """Print the counts of every spec named or defined in a file."""
    found = [count(spec) for argument in options.spec for spec in sizing.specs(argument, options)]
    if options.json:
        print(records.dump([records.counts(one) for one in found]))
        return
    for number, one in enumerate(found):
        if number:
            print()
        print(one.spec.name)
        print("\n".join(lines(one)))


def lines(one: Count) -> list[str]:
    """A line per count: what it is, the number, where it comes from."""
    rows: list[tuple[str, str, str]] = [
        ("built", f"{one.built:,}", "tensors of the module"),
    ]
    if one.spec.provenance.role != "vocabulary":
        rows.append(("book", f"{one.book:,}", "formulas of the chapter"))
    if one.repository is not None:
        rows.append(("repository", f"{one.repository:,}", "pinned by the companion repository"))
    if one.printed:
        how = {"rounded": "rounded from", "truncated": "cut off from", "not reproduced": "nearest count"}
        source = "" if one.printed.counted == one.spec.name else f" of {one.printed.counted}"
        note = f"; {one.printed.note}" if one.printed.note else ""
        rows.append(
            ("printed", one.printed.figure, f"{how[one.printed.agreement]} {one.printed.count:,}{source}{note}")
        )
    if one.reference:
        rows.append(("reference", f"{one.reference.params:,}", one.reference.implementation))
        rows.append(("", "", f"{one.reference.source} ({one.reference.provenance})"))
        rows.append(("built − reference", text.signed(one.delta_reference or 0), one.reason))
    if one.paper:
        covers = f", {one.paper.covers}" if one.paper.covers else ""
        checked = "" if one.paper.checked else " (not checked against the text)"
        rows.append(("paper", one.paper.figure, f"{one.paper.paper}{covers}{checked}"))
    if one.paper_quoted:
        rows.append(("paper", one.paper_quoted, "as the chapter quotes it"))
    rows.append(("count", one.in_count.word, one.in_count.why))
    rows.append(("function", one.in_function.word, one.in_function.why))
    rows.append(("MACs", f"{one.spec.macs:,}", "multiply-adds per example"))
    rows.append(("activations", f"{one.spec.activations:,}", "per example"))
    return _columns(rows)


def _columns(rows: list[tuple[str, str, str]]) -> list[str]:
    """Label, figure right-aligned, and a note that wraps under itself; a figure in words joins its note."""
    label_width = max(len(label) for label, _, _ in rows)
    width = max(len(figure) for _, figure, _ in rows if len(figure) <= _FIGURE)
    out = []
    for label, figure, note in rows:
        if len(figure) > _FIGURE:
            figure, note = "", f"{figure}; {note}"
        start = f"  {label:<{label_width}}  {figure:>{width}}"
        hanging = " " * (label_width + width + 6)
        out += text.paragraph(f"{start}  {note}", hanging=hanging) if note else [start]
    return out
