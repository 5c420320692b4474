"""The page of tables: each figure that the document prints, ours beside it, and whether they agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import yaml

from netspec.vocabulary.tables import KINDS, TABLES, Figure
from report.engine.errors import ReportError
from report.engine.formats import listing, words
from report.engine.page import Block, Cell, Column, Line, Page, Section, Table
from report.vocabulary import source

TITLE = "Tables of the vocabulary"

QUESTION = (
    "Which figures in the vocabulary’s tables can be recomputed, and do they come out? Dimensions are read off the "
    "networks of the catalogue, defaults off the library’s signatures, memory off the optimizers’ states, receptive "
    "fields off a Jacobian, and what graph networks tell apart is counted over all small graphs."
)

VERDICTS = (
    ("agrees", "ours is the printed figure"),
    ("differs", "it is not"),
    ("partly", "one half of it is, or the other side has no such figure"),
    ("words", "nothing to compute"),
    ("fact", "a statement about publications; sources that support or contradict it stand beside it"),
    ("tried", "only training can tell; the target beside it does, with a verdict on its page"),
    ("not yet", "only training can tell"),
)

#: What the last column of a table says, by kind.
WHY = {"computed": "How", "fact": "What sources say", "trained": "Where it is tried"}


def tried(found: Sequence[Figure], files: Iterable[Path]) -> list[Figure]:
    """The figures, those that a claim in one of the ``files`` decides with the target that runs it.

    The files are those of experiments, trials and examples; trials stand on the page of all claims.

    Raises:
        ReportError: for a claim on a figure that no table has, naming the file.
    """
    known = {(one.table, one.row, one.heading) for one in found}
    targets: dict[tuple[str, str, str], dict[str, None]] = {}
    for path in files:
        for claim in yaml.safe_load(path.read_text(encoding="utf-8")).get("claims") or ():
            if "table" not in claim:
                continue
            place = (str(claim["table"]), str(claim["row"]), str(claim["column"]))
            if place not in known:
                raise ReportError(f"{path}: claims[].table: no figure is called {place}, expected one of tables.csv")
            target = "claims" if path.parent.name == "trials" else path.stem
            targets.setdefault(place, {})[f"`snakemake {target}`"] = None
    return [
        replace(one, verdict="tried", why="; ".join(filter(None, (listing(names), one.why))))
        if one.verdict == "not yet" and (names := targets.get((one.table, one.row, one.heading)))
        else one
        for one in found
    ]


def page(found: Sequence[Figure]) -> Page:
    """The report of these figures."""
    blocks: list[Block] = [
        Section("What was found", sentences=findings(found)),
        _overview(found),
    ]
    wide: list[Block] = [Section("Verdicts", facts=VERDICTS)]  # where the overview leaves the first page no room
    for kind, meaning in KINDS.items():
        names = [name for name, (_, of_kind, _) in TABLES.items() if of_kind == kind]
        wide.append(Section(f"{kind.capitalize()}: {meaning}"))
        for name in names:
            wide.append(_table([one for one in found if one.table == name]))
    return Page(
        title=TITLE, subtitle="", question=QUESTION, book=source.sentence(), blocks=blocks, wide=wide, footer=TITLE,
        data=("tables.csv",),
    )  # fmt: skip


def findings(found: Sequence[Figure]) -> list[str]:
    """The sentences that the numbers make."""
    kinds = Counter(kind for _, kind, _ in TABLES.values())
    verdicts = Counter(one.verdict for one in found)
    compared = [one for one in found if one.verdict in ("agrees", "differs", "partly")]
    wrong = Counter(one.title for one in found if one.verdict == "differs")
    numbers = f"{verdicts['agrees']} agree, {verdicts['differs']} differ, {verdicts['partly']} partly"
    return [
        f"{words(len(TABLES), 'table').capitalize()} with {len(found)} figures: "
        f"{listing(f'{kinds[kind]} {meaning}' for kind, meaning in KINDS.items())}.",
        f"{words(len(compared), 'figure').capitalize()} have something of ours beside them: {numbers}.",
        f"Most differ in {listing(f'“{title}” ({number})' for title, number in wrong.most_common(4))}.",
    ]


def _overview(found: Sequence[Figure]) -> Table:
    header = (Column("Table", "1fr"), "Line", Column("Kind"), "Figures", "Agree", "Differ", "Partly")
    rows = []
    for name, (title, kind, _) in TABLES.items():
        figures = [one for one in found if one.table == name]
        verdicts = Counter(one.verdict for one in figures)
        line = str(figures[0].line) if figures else ""
        numbers = (str(verdicts[verdict] or "") for verdict in ("agrees", "differs", "partly"))
        rows.append([title, line, kind, str(len(figures)), *numbers])
    return Table("The tables in the order of the document.", header, rows)


def _table(figures: Sequence[Figure]) -> Table:
    computed = figures[0].kind == "computed"
    header = (
        Column("Row", "3.6cm"), Column("Column", "2.6cm"), Column("Printed", "1fr"),
        *([Column("Ours", "1fr"), Column("Verdict")] if computed else []),
        Column(WHY[figures[0].kind], "1.2fr", quiet=True),
    )  # fmt: skip
    rows = []
    last = ""
    several = len({one.row for one in figures}) < len(figures)
    for one in figures:
        new = one.row != last
        last = one.row
        middle = [one.ours, Cell(one.verdict, alarm=one.verdict == "differs")] if computed else []
        rows.append(
            Line(
                [one.row if new else "", one.heading, one.printed, *middle, one.why],
                rule=new and several and len(rows) > 0,
            )
        )
    return Table(f"{figures[0].title} (line {figures[0].line}).", header, rows)
