"""What stands in the report, as plain data: the Markdown and the typeset page are two renderings of the same content.

Text may contain `code` in backticks and nothing else that a renderer has to understand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from report import book, citation, comparison, divergence, figures, findings, provenance, smoke
from report.formats import NONE, aligned, count, listing, plain, signed, words
from report.load import Cell
from report.table import BASELINE, curves


@dataclass(frozen=True)
class Strip:
    """Augmented samples of one cell, side by side in one picture."""

    cell: str
    path: Path


@dataclass(frozen=True)
class Content:
    """The report in reading order."""

    title: str
    subtitle: str
    question: str
    book: str
    notice_label: str
    notice: str | None
    table_caption: str
    rows: list[list[str]]
    reruns: list[list[str]]
    notes: list[tuple[str, str]]
    findings: list[str]
    difference_caption: str
    curves_caption: str
    strips_caption: str
    runs: list[tuple[str, str]]
    differences: list[tuple[str, str, str]]
    differences_lead: str
    footer: str
    strips: list[Strip] = field(default_factory=list)


# Header of the table: groups over columns, so that both renderings carry the same words.
GROUPS = (("", 2), ("This run", 3), ("Book, as printed", 3), ("Book, corrected", 2))
HEADER = (
    "Cell",
    "Adds",
    "Top-1 (%)",
    "Difference",
    "95 % interval",
    "Top-1 (%)",
    "Difference",
    "Gap",
    "Difference",
    "Gap",
)


def content(cells: Sequence[Cell], table: pd.DataFrame, runs: pd.DataFrame, strips: Sequence[Strip]) -> Content:
    """Assemble the report from the cells' configurations and summaries and from the two tables made of them."""
    rows = [book.comparable()[name] for name in table["book_row"].dropna()]
    found = comparison.differences(cells)
    n = len(cells[0].runs)
    dataset = cells[0].config.get("dataset.title")
    banner = smoke.banner(cells)
    label, notice = smoke.opening(banner, _notice(cells, found)) or ("", None)
    return Content(
        title="What does each augmentation add?",
        subtitle=f"Augmentation ablation of ch. 10.4 on {dataset}: {_size(table, n)}",
        question=_question(cells, table, n),
        book=citation.sentence("10.4"),
        notice_label=label,
        notice=notice,
        table_caption=_table_caption(table, n),
        rows=_rows(table),
        reruns=[_rerun(row) for row in book.reruns()] if _corrects(table) else [],
        notes=[*divergence.notes(table), *findings.book_notes(rows), *_spoiled(cells)],
        findings=[] if banner else findings.findings(table),
        difference_caption=_difference_caption(table, runs, n),
        curves_caption=_curves_caption(cells, table, runs, n),
        strips_caption="Augmented training samples as the network sees them, one row per cell.",
        runs=provenance.what_was_run(cells),
        differences=[(d.aspect, d.ours, d.book) for d in found],
        differences_lead=_differences_lead(rows, found),
        footer=provenance.footer(cells),
        strips=list(strips),
    )


def _notice(cells: Sequence[Cell], found: Sequence[comparison.Difference]) -> tuple[str, str] | None:
    """What a reader must know before the first number, if this is not the book's experiment."""
    if text := comparison.notice(found, any(map(smoke.is_smoke, cells))):
        return "A smaller experiment." if any(d.smaller for d in found) else "Another data set.", text
    return comparison.another_recipe([c for c in cells if c.book_row and not comparison.comparable(c)])


def _size(table: pd.DataFrame, n: int) -> str:
    return f"{words(len(table), 'cell')}, {words(n, 'seed')} each"


def _question(cells: Sequence[Cell], table: pd.DataFrame, n: int) -> str:
    shared = int(table["book_row"].notna().sum())
    text = (
        "Chapter 10.4 of the book holds a small vision transformer and its optimizer fixed, layers one augmentation "
        "after the other on a bare recipe, and asks what each adds when training images are scarce. It answers with "
        "one run per cell. "
    )
    convnext = table["book_row"].fillna("").str.startswith(book.CONVNEXT).all()
    if convnext:
        text += (
            "The companion repository asked the same of ConvNeXt-T. Here "
            f"{words(shared, 'cell')} of that ablation {_are(shared)} trained again with {words(n, 'seed')} each"
        )
    elif shared:
        text += f"Here {words(shared, 'cell')} of that table {_are(shared)} trained again with {words(n, 'seed')} each"
    else:
        text += f"Here the question is asked of other cells, with {words(n, 'seed')} each"
    text += ", so that a difference can be held against the spread between seeds." if n > 1 else "."
    if _compares(table):
        text += " Every run is compared with the bare run of the same seed"
        starts = {(cell.config.get("model"), cell.config.get("initialization")) for cell in cells}
        weights = "starts from the same weights and " if len(starts) == 1 else ""
        text += f", which {weights}sees the images in the same order."
    own = len(table) - shared
    if shared and own:
        text += f" {words(own, 'cell').capitalize()} of this run {_are(own)} not in the book."
    return text


def _corrects(table: pd.DataFrame) -> bool:
    """Whether any cell has a row of the table whose baseline was faulty."""
    return bool(table["book_difference_corrected"].notna().any())


def _spoiled(cells: Sequence[Cell]) -> list[tuple[str, str]]:
    """What a cell from the faulty initialisation is, said where its number stands."""
    named = [f"`{cell.name}`" for cell in cells if cell.config.get("initialization") == "book-faulty"]
    if not named:
        return []
    return [("", f"Ours of {listing(named)} starts from that defective initialisation too, on purpose.")]


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def _unequal(table: pd.DataFrame) -> bool:
    """Whether some differences may rest on fewer pairs of runs than others."""
    return bool((table["diverged"] > 0).any())


def _compares(table: pd.DataFrame) -> bool:
    return bool(table["difference"].notna().any())


def _table_caption(table: pd.DataFrame, n: int) -> str:
    spread = f"mean ± sample standard deviation over n = {n} seeds" if n > 1 else "one seed, hence no spread"
    spread += f", fewer at {divergence.MARK}" if _unequal(table) and n > 1 else ""
    text = f"Top-1 accuracy ({spread})"
    if _compares(table):
        text += " and difference from bare in percentage points. "
        freedom = f"{words(n - 1, 'degree')} of freedom" + (", fewer where runs diverged" if _unequal(table) else "")
        text += f"95 % intervals are paired by seed (Student’s t, {freedom}). " if n > 1 else ""
        text += "With n = 1 there is no interval. " if n == 1 else ""
        given = table["gap"].notna()
        if given.any():
            where = "" if given[table["book_difference"].notna()].all() else ", where both are of one experiment"
            text += f"A gap is our difference minus the book’s{where}. "
    else:
        text += ". "
    if table["book_row"].isna().all():
        return text.strip()
    if _corrects(table):
        text += (
            "“Corrected” takes the book’s differences from its bare retrained with the corrected initialisation "
            f"({plain(book.corrected().top1)} %). "
        )
    text += "Rows stand in the order of the book’s table"
    return text + ("; cells the book does not have follow." if table["book_row"].isna().any() else ".")


def _difference_caption(table: pd.DataFrame, runs: pd.DataFrame, n: int) -> str:
    marks = "Open circles: single seeds; dot: mean" if n > 1 else "Dot: the single seed"
    if not _compares(table):
        return f"Top-1 accuracy of each cell; there is no difference to draw. {marks}.{divergence.missing(table)}"
    low, high = figures.limits(table, divergence.counted(runs))
    if table["interval_low"].notna().any():
        marks += "; bar: paired 95 % interval"
    if (table["interval_low"] < low).any() or (table["interval_high"] > high).any():
        marks += ", with an arrow where it goes on"
    text = f"Difference from bare in top-1 accuracy. {marks}.{divergence.missing(table)}"
    if not _corrects(table):
        return text + (" Diamonds: the book’s difference." if table["book_difference"].notna().any() else "")
    return (
        f"{text} Diamonds: the book’s difference, filled against its printed bare "
        f"({plain(book.printed()[book.PREFIX + BASELINE].top1)} %), open against the corrected rerun "
        f"({plain(book.corrected().top1)} %)."
    )


def _curves_caption(cells: Sequence[Cell], table: pd.DataFrame, runs: pd.DataFrame, n: int) -> str:
    lines = f"Thin: {words(n, 'seed')}; thick: their mean" if n > 1 else "Line: the single seed"
    bare = "; grey: bare" if _compares(table) else ""
    logged = table["book_row"].isin(book.curves()["book_row"]).any()
    bare += "; red: the book, where its log is kept" if logged and book.is_dataset(table["dataset"].iloc[0]) else ""
    drawn = divergence.counted_curves(curves(cells), runs)
    return (
        f"Validation top-1 during training on a common scale, with the final value above each panel. {lines}{bare}."
        f"{figures.beyond_axis(drawn, table)}{divergence.missing(table)}"
    )


def _rows(table: pd.DataFrame) -> list[list[str]]:
    """The table's cells as text, decimals aligned within each column."""
    spread = [f" ± {plain(row.top1_sd)}" if row.n > 1 else "" for row in table.itertuples()]
    top1 = aligned([plain(value) for value in table["top1_mean"]])
    low, high = (aligned([signed(v) for v in table[column].dropna()]) for column in ("interval_low", "interval_high"))
    bounds = iter(zip(low, high, strict=True))
    intervals = [" to ".join(next(bounds)) if known else NONE for known in table["interval_low"].notna()]
    rows = []
    for i, row in enumerate(table.itertuples()):
        has_book = isinstance(row.book_row, str)
        rows.append(
            [
                f"`{row.cell}`",
                row.description.replace(" = ", "\u00a0=\u00a0"),
                top1[i] + spread[i] + divergence.mark(row) if row.n else divergence.ALL,
                signed(row.difference),
                intervals[i],
                plain(row.book_top1) + (findings.marks(book.comparable()[row.book_row]) if has_book else ""),
                signed(row.book_difference),
                signed(row.gap),
                signed(row.book_difference_corrected),
                signed(row.gap_corrected),
            ]
        )
    return rows


def _rerun(row: book.BookRow) -> list[str]:
    """A rerun of the book's baseline: what it is, and the five columns that are the book's."""
    scored, total = row.integer("val_images_scored"), row.integer("val_images_total")
    images = f"all {count(total)} images" if scored == total else f"{count(scored)} of {count(total)} images"
    what = f"{row.short}: {row.columns['init']}, {images}"
    return [what, plain(row.top1), signed(row.difference), NONE, signed(row.difference_corrected), NONE]


def _differences_lead(rows: Sequence[book.BookRow], found: Sequence[comparison.Difference]) -> str:
    if not rows:
        return "No cell of this run has a row in the book’s table, so there is nothing to compare it with."
    compared = len(comparison.ASPECTS) + 2  # the data set and the model are compared by what identifies them
    verdict = "all agree; what is left:" if len(found) == 1 else "these differ in at least one:"
    return f"The book’s runs have {compared} settings on record. Compared cell by cell, {verdict}"
