"""The page on the augmentation ablation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from report.ablation import book, findings
from report.ablation.differences import ASPECTS, comparable, differences, notice
from report.ablation.figure import book_curves, figures, limits
from report.ablation.table import BASELINE, order, per_cell, per_run
from report.engine import citation
from report.engine.errors import ReportError
from report.engine.formats import NONE, aligned, count, listing, plain, signed, words
from report.engine.page import Block, Column, Line, Page, Picture, Section, Strip, Strips, Table
from report.runs import curves, divergence, provenance, smoke
from report.runs.command import CURVES, DATA, FIRST, Report, Trained
from report.runs.comparison import Difference, another_recipe
from report.runs.load import Cell

if TYPE_CHECKING:
    import pandas as pd

GROUPS = (("", 2), ("This run", 3), ("Book, as printed", 3), ("Book, corrected", 2))
HEADER = (
    Column("Cell"), Column("Adds", "1fr"), "Top-1 (%)", "Difference", "95 % interval", "Top-1 (%)", "Difference", "Gap",
    "Difference", "Gap",
)  # fmt: skip


def page(trained: Trained) -> Page:
    """Assemble the report from the cells' configurations and summaries and from the tables made of them."""
    cells, table, n = trained.cells, trained.table, trained.n
    found = differences(cells)
    banner = smoke.banner(cells)
    blocks: list[Block] = [_table(cells, table, n), Picture(FIRST, _difference_caption(table, trained.runs, n))]
    if banner is None:
        blocks += [Section("What the numbers say", sentences=findings.findings(table))]
    grey = "bare" if _compares(table) else ""
    blocks += [
        Picture(CURVES, curves.caption(n, trained.counted_curves, table, book_curves(table), grey)),
        Section("What was run", facts=provenance.what_was_run(cells)),
        *_samples(trained.previews, table),
        _differences(table, found),
    ]
    return Page(
        title="What does each augmentation add?",
        subtitle=f"Augmentation ablation of ch. 10.4 on {cells[0].config.get('dataset.title')}: "
        f"{words(len(table), 'cell')}, {words(n, 'seed')} each",
        question=_question(cells, table, n),
        book=citation.sentence("10.4"),
        notice=smoke.opening(banner, _notice(cells, found)),
        blocks=blocks,
        footer=provenance.footer(cells),
        data=DATA,
    )


def _notice(cells: Sequence[Cell], found: Sequence[Difference]) -> tuple[str, str] | None:
    """What a reader must know before the first number, if this is not the book's experiment."""
    if text := notice(found, any(map(smoke.is_smoke, cells))):
        return "A smaller experiment." if any(d.smaller for d in found) else "Another data set.", text
    return another_recipe([c for c in cells if c.book_row and not comparable(c)])


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


def _table(cells: Sequence[Cell], table: pd.DataFrame, n: int) -> Table:
    rows = [book.comparable()[name] for name in table["book_row"].dropna()]
    return Table(
        caption=_table_caption(table, n),
        header=HEADER,
        groups=GROUPS,
        rows=[*_rows(table), *(_reruns() if _corrects(table) else [])],
        notes=[*divergence.notes(table), *findings.book_notes(rows), *_spoiled(cells)],
        whole=True,
    )


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
    low, high = limits(table, divergence.counted(runs))
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
                _adds(row.description),
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


def _reruns() -> list[Line]:
    """The reruns of the book's baseline: what each is, and the five columns that are the book's, below a rule."""
    lines = []
    for row in book.reruns():
        scored, total = row.integer("val_images_scored"), row.integer("val_images_total")
        images = f"all {count(total)} images" if scored == total else f"{count(scored)} of {count(total)} images"
        what = f"{row.short}: {row.columns['init']}, {images}"
        figures = [plain(row.top1), signed(row.difference), NONE, signed(row.difference_corrected), NONE]
        lines.append(Line([what, *figures], span=5, rule=not lines))
    return lines


def _samples(paths: Sequence[Path], table: pd.DataFrame) -> list[Strips]:
    """The pictures in the order of the cells; each file is named after its cell.

    Raises:
        ReportError: if a picture belongs to no cell, or some cells have one and others do not.
    """
    if not paths:
        return []
    by_cell = {path.stem: path for path in paths}
    adds = dict(zip(table["cell"], table["description"], strict=True))
    for name, path in by_cell.items():
        if name not in adds:
            raise ReportError(f"{path}: no cell is named '{name}'; expected one of {', '.join(adds)}")
    missing = [name for name in adds if name not in by_cell]
    if missing:
        raise ReportError(f"--previews: no picture named {missing[0]}.png is among them")
    strips = [Strip(name, _adds(text), by_cell[name]) for name, text in adds.items()]
    return [Strips(strips, "Augmented training samples as the network sees them, one row per cell.")]


def _adds(description: str) -> str:
    return description.replace(" = ", "\u00a0=\u00a0")


def _differences(table: pd.DataFrame, found: Sequence[Difference]) -> Section:
    lead = "No cell of this run has a row in the book’s table, so there is nothing to compare it with."
    if table["book_row"].notna().any():
        compared = len(ASPECTS) + 2  # the data set and the model are compared by what identifies them
        verdict = "all agree; what is left:" if len(found) == 1 else "these differ in at least one:"
        lead = f"The book’s runs have {compared} settings on record. Compared cell by cell, {verdict}"
    return Section(
        "How this differs from the book’s experiment",
        lead=lead,
        header=("", "This run", "The book"),
        rows=[(d.aspect, d.ours, d.book) for d in found],
    )


REPORT = Report(table=per_cell, figures=figures, page=page, runs=per_run, order=order, previews=True)
