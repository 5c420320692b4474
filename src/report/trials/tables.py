"""Tables of one trial: what its variants reached, what came of its claims, and of figures that the document prints."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence

from report.comparison.content import document_key
from report.engine import reference
from report.engine.errors import ReportError
from report.engine.escape import phrase
from report.engine.formats import NONE, count, number, plain, signed, words
from report.engine.page import Cell, Column, Table
from report.runs import statistics
from report.trials.verdicts import REFUTED, Claim, Tried


def variants(trial: Tried) -> Table:
    """A row a variant: every figure with its spread, what it costs and at which rate."""
    header = [Column("Variant"), Column("What it is", "1fr", quiet=True), "Rate", "Para-\nmeters", "Run (s)"]
    header += [_narrow(one["label"] + (f" ({one['unit']})" if one["unit"] else "")) for one in trial.figures]
    rows = []
    notes: dict[str, str] = {}
    for name, what in trial.about["variants"].items():
        runs = trial.runs(name)
        params = runs[0]["figures"].get("params") if runs else None
        end = trial.at_end(name)
        mark = {"smallest": "↓", "largest": "↑"}.get(end, "")
        if mark:
            notes[mark] = f"the best rate is the {end} that was tried, and a better one may lie beyond"
        row: list[str | Cell] = [f"`{name}`", phrase(what), number(runs[0]["rate"]) + mark if runs else NONE]
        row += [count(int(params)) if params is not None else NONE]
        row += [plain(statistics.mean([run["seconds"] for run in runs]), 2)]
        for one in trial.figures:
            if runs and not any(one["name"] in run["figures"] for run in runs):  # it is no figure of this variant
                row.append(NONE)
                continue
            values = [*trial.values(name, one["name"]).values()]
            gone = len(runs) - len(values)
            mark = f" ({words(gone, 'run')} without)" if gone else ""
            text = (
                f"{plain(statistics.mean(values), _places(values))} ± {plain(statistics.sd(values), _places(values))}"
            )
            row.append(Cell(text + mark if values else "diverged", alarm=bool(gone)))
        rows.append(row)
    seeds = words(len(trial.settings.seeds), "seed")
    caption = f"{trial.settings.title}. {trial.settings.question} Mean ± sample standard deviation over {seeds}."
    return Table(phrase(caption), header, rows, notes=list(notes.items()))


def _narrow(label: str) -> str:
    """Over several lines, so that many figures leave room for what the variants are."""
    return "\n".join(textwrap.wrap(label, 15, break_long_words=False, break_on_hyphens=False))


def _places(values: Sequence[float]) -> int:
    largest = max(map(abs, values), default=0.0)
    return 1 if largest >= 10 else 2 if largest >= 1 else 3


def claims(trial: Tried) -> Table:
    """A row a claim: its line, its verdict, and the interval that decides."""
    header = (
        Column("The document, in our words", "1.4fr"), "Line", Column("Verdict"), Column("By how much better", "1fr"),
        "p (Holm)", Column("Compared", "1fr", quiet=True),
    )  # fmt: skip
    rows = []
    for claim in trial.claims():
        told = claim.told
        rows.append(
            [phrase(told["says"]), str(told["line"]), judged(claim), by_how_much(claim), _p(claim.p), compared(claim)]
        )
    return Table(f"{phrase(trial.settings.title)}: what the document says, and what came of it.", header, rows)


def judged(claim: Claim) -> Cell:
    """The verdict, so that none overlooks what is refuted."""
    return Cell(claim.verdict, alarm=claim.verdict == REFUTED)


def by_how_much(claim: Claim) -> str:
    """By how much the first is better, with its interval and unit."""
    if math.isnan(claim.mean):
        return NONE
    places = 2 if abs(claim.mean) >= 1 else 3
    text = f"{signed(claim.mean, places)} ({signed(claim.low, places)} to {signed(claim.high, places)})"
    return text + (f" {claim.unit}" if claim.unit else "")


def compared(claim: Claim) -> str:
    """What was held against what, by which figure, and the smallest difference that counts."""
    told = claim.told
    than = f"`{told['than']}`" if "than" in told else plain(float(told["value"]), 2)
    least = plain(claim.smallest, 3).rstrip("0").rstrip(".")
    by = f"within {least}" if claim.expects == "alike" else f"by {least} at least"
    of = f", {claim.figure.replace('_', ' ')}" if "figure" in told else ""
    return f"`{told['of']}` and {than}{of}, {by}; n = {claim.n}"


def printed(trials: Sequence[Tried]) -> list[Table]:
    """Figures of the document's tables that trials decide: printed, ours, verdict; nothing where there are none.

    Raises :class:`ReportError` for a figure that the table does not have.
    """
    known = reference.rows("vocabulary_tables.csv", lambda row: document_key(row["table"], row["row"], row["column"]))
    rows = []
    for trial in trials:
        for claim in (one for one in trial.claims() if "table" in one.told):
            told = claim.told
            key = document_key(told["table"], told["row"], told["column"])
            if key not in known:
                raise ReportError(f"{trial.settings.name}: claim of line {told['line']}: no figure is called {key!r}")
            ours = f"{phrase(told['says'])}: {by_how_much(claim)}"
            rows.append([key, str(told["line"]), known[key].text("value"), ours, judged(claim), compared(claim)])
    header = (
        Column("Table, row, column", "1.2fr"), "Line", Column("Printed", "0.8fr"), Column("Ours", "1.2fr"),
        Column("Verdict"), Column("Compared", "1fr", quiet=True),
    )  # fmt: skip
    return [Table("Figures of the document’s tables that were tried, by the same rule.", header, rows)] if rows else []


def _p(value: float) -> str:
    if math.isnan(value):
        return NONE
    return "<0.001" if value < 0.001 else plain(value, 3)
