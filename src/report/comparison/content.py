"""Blocks of the page of a comparison, each a function of its settings: other comparisons add theirs between them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from report.comparison.claims import RULE, Verdict, smallest
from report.comparison.figure import ROWS, said
from report.comparison.settings import Setting
from report.engine import reference
from report.engine.formats import NONE, count, listing, number, plain, scaled, signed, spelled, words
from report.engine.page import Block, Cell, Column, Section, Table
from train.watched import FIRST as FIRST_LAYER
from train.watched import WHOLE

if TYPE_CHECKING:
    import pandas as pd

#: Adjusted p-values below this count as a difference.
LEVEL = 0.05


def answer(settings: Sequence[Setting], table: pd.DataFrame) -> str:
    """One line, computed from the intervals: which variants differ from the baseline after Holm, and which way."""
    parts = answers(settings, table)
    return "; ".join(part[:1].upper() + part[1:] if not i else part for i, part in enumerate(parts)) + "."


def answers(settings: Sequence[Setting], table: pd.DataFrame) -> list[str]:
    """The parts of :func:`answer`, one for each setting."""
    parts = []
    for setting in settings:
        rows = table[(table["setting"] == setting.name) & (table["variant"] != setting.baseline)]
        sure = rows[rows["p_holm"] < LEVEL]
        sign = setting.sign(setting.metric.name)
        groups = []
        for word, found in (
            ("better", sure[sure["difference"] * sign > 0]),
            ("worse", sure[sure["difference"] * sign < 0]),
        ):
            if len(found):
                groups.append(f"{listing(f'`{name}`' for name in found['variant'])} {word}")
        lost = [f"`{name}`" for name in rows.loc[rows["n"] == 0, "variant"]]
        groups += [f"{listing(lost)} diverged on every seed"] if lost else []
        open_ = len(rows) - len(sure) - len(lost)
        if open_:
            groups.append(f"{spelled(open_)} undecided" if groups else f"none of {spelled(len(rows))} is told apart")
        where = f"{setting.title}: " if len(settings) > 1 else ""
        parts.append(f"{where}against `{setting.baseline}`, {', '.join(groups) or 'nothing to compare'}")
    return parts


def budget(settings: Sequence[Setting]) -> list[str]:
    """What each variant may spend on its rate, and how that is chosen: a sentence for settings that do it alike."""
    found: dict[str, list[str]] = {}
    for setting in settings:
        rates = {len(one.cells) for one in setting.variants}
        if setting.tuning:
            by = f"by {words(len(setting.tuning), 'seed')} of their own, which are not judged"
        elif len(setting.seeds) > 1:
            by = "for each seed by the mean over the other judged ones, so that none has a say in its own"
        else:
            by = "by the one seed that is judged, which flatters every variant"
        number_of = listing(spelled(one) for one in sorted(rates)).capitalize()
        rate = "One rate for each variant" if rates == {1} else f"{number_of} rates for each variant, chosen {by}"
        told = f"{rate}; {words(len(setting.seeds), 'judged seed')}. The validation data are the same for all."
        found.setdefault(told, []).append(setting.title)
    return [told if len(found) == 1 else f"{listing(titles)}: {told}" for told, titles in found.items()]


def main_table(setting: Setting, table: pd.DataFrame) -> Table:
    """A row per variant of a setting: what it reaches, at which rate, how sensitive it is and what it costs."""
    rows = table[table["setting"] == setting.name]
    places = 2 if setting.metric.unit == "%" else 3
    notes: dict[str, str] = {}
    working = len(set(rows["macs"])) > 1
    header = (
        Column("Variant"), Column("What it is", "1fr", quiet=True), "Para-\nmeters", *(["MACs"] if working else []),
        "Rate", "Within 5 %",
        said(setting).replace(" (", "\n("), f"Minus\n{setting.baseline}", "95 % interval", "p (Holm)", "Step\n(ms)",
        "State",
    )  # fmt: skip
    made = []
    for _, row in rows.iterrows():
        mark = ""
        if row["at_end"]:
            end = {"smallest": "↓", "largest": "↑"}[row["at_end"]]
            notes[end] = f"the best rate is the {row['at_end']} that was tried, and a better one may lie beyond"
            mark += end
        if row["rates_chosen"] > 1:
            notes["≠"] = "seeds are judged at different rates; that of most is shown"
            mark += "≠"
        figure = Cell("diverged", alarm=True)
        if row["n"]:
            spread = f" ± {plain(row['sd'], places)}" if row["n"] > 1 else ""
            gone = f" ({words(int(row['diverged']), 'run')} diverged)" if row["diverged"] else ""
            figure = Cell(plain(row["mean"], places) + spread + gone, alarm=bool(row["diverged"]))
        made.append(
            [
                f"`{row['variant']}`", row["description"], count(row["params"]),
                *(["{} {}".format(*scaled(row["macs"])).strip()] if working else []),
                number(row["rate"]) + mark, width(row), figure, signed(row["difference"], places),
                NONE if math.isnan(row["low"]) else f"{signed(row['low'], places)} to {signed(row['high'], places)}",
                _p(row["p_holm"]), plain(row["step_milliseconds"], 1), _bytes(row["optimizer_bytes"]),
            ]
        )  # fmt: skip
    better = "more" if setting.sign(setting.metric.name) > 0 else "less"
    timed = "taken in turns on one thread" if setting.steps else "while others may share the machine"
    caption = (
        f"{setting.title}. {said(setting)}, of which {better} is better: mean ± sample standard deviation over "
        f"{words(len(setting.seeds), 'seed')}, and the difference from `{setting.baseline}`, paired by seed. "
        "Within 5 %: neighbouring rates whose mean is that near to the best, and the factor between their ends. Step: "
        f"median time of a step, {timed}. State: bytes that the optimizer keeps."
        + (" MACs: multiply-accumulates per example." if working else "")
    )
    return Table(caption, header, made, notes=list(notes.items()))


def gradients(setting: Setting, curves: pd.DataFrame) -> list[Block]:
    """Where runs watch them: the loss at the end, and what of the gradient reaches the first layer, first and last."""
    own = curves[(curves["setting"] == setting.name) & (curves["split"] == "train")]
    if not (own["metric"] == FIRST_LAYER).any():
        return []
    header = (
        Column("Variant"), "Training loss\nat the end", "Gradient of the first layer:\nfirst steps", "last steps",
        "Share of the whole:\nfirst steps", "last steps",
    )  # fmt: skip
    rows = []
    for variant in setting.variants:
        mean = own[own["variant"] == variant.name].groupby(["metric", "step"])["value"].mean()
        if FIRST_LAYER not in mean.index.get_level_values(0):
            rows.append([f"`{variant.name}`", Cell("diverged", alarm=True), *[NONE] * 4])
            continue
        first, whole, loss = (mean[name] for name in (FIRST_LAYER, WHOLE, "loss"))
        shares = (first / whole.where(whole > 0)).fillna(0.0)
        values = (first.iloc[0], first.iloc[-1], shares.iloc[0], shares.iloc[-1])
        rows.append([f"`{variant.name}`", plain(loss.iloc[-1], 3), *(f"{value:.2g}" for value in values)])
    steps = sorted(own.loc[own["metric"] == FIRST_LAYER, "step"].unique())
    last = int(steps[-1] - (steps[-2] if len(steps) > 1 else 0))
    caption = (
        f"{setting.title}: does it train? Euclidean norm of the gradient of the first layer, mean over the first "
        f"{words(int(steps[0]), 'step')} and over the last {last}, and as a share of the norm of the whole gradient; "
        "means over the judged runs."
    )
    return [Table(caption, header, rows)]


def width(row: pd.Series) -> str:
    """The range of rates that are nearly as good as the best."""
    if math.isnan(row["good_from"]):
        return NONE
    if row["good_from"] == row["good_to"]:
        return f"{number(row['good_from'])} alone"
    return f"{number(row['good_from'])}–{number(row['good_to'])} (×{row['good_to'] / row['good_from']:.3g})"


def _p(value: float) -> str:
    if math.isnan(value):
        return NONE
    return "<0.001" if value < 0.001 else plain(value, 3)


def _bytes(value: float) -> str:
    if math.isnan(value):
        return NONE
    return "{} {}B".format(*scaled(value))


def claims(verdicts: Sequence[Verdict]) -> list[Block]:
    """Sentence, line, verdict and the interval that decides; none where nothing is claimed."""
    sentences = [one for one in verdicts if "table" not in one.claim]
    if not sentences:
        return []
    header = (
        Column("The document, in our words", "1.3fr"), "Line", Column("Verdict"), Column("By how much better", "1fr"),
        Column("Compared", "1fr", quiet=True),
    )  # fmt: skip
    rows = [
        [one.claim["says"], str(one.claim["line"]), _verdict(one), one.interval(), _compared(one)] for one in sentences
    ]
    return [Table(f"Sentences of the document. {RULE}", header, rows)]


def document_tables(verdicts: Sequence[Verdict]) -> list[Block]:
    """Figures of the document's tables that need training: printed, ours, verdict.

    Raises :class:`report.engine.errors.ReportError` for a figure that the table does not have.
    """
    figures = [one for one in verdicts if "table" in one.claim]
    if not figures:
        return []
    printed = reference.rows("vocabulary_tables.csv", lambda row: document_key(row["table"], row["row"], row["column"]))
    header = (
        Column("Table, row, column", "1.2fr"), "Line", Column("Printed", "0.8fr"), Column("Ours", "1.2fr"),
        Column("Verdict"), Column("Compared", "1fr", quiet=True),
    )  # fmt: skip
    rows = []
    for one in figures:
        claim = one.claim
        key = document_key(*(claim.get(part, "") for part in ("table", "row", "column")))
        if key not in printed:
            from report.engine.errors import ReportError

            raise ReportError(f"claim of line {claim['line']}: vocabulary_tables.csv has no {key!r}")
        ours = f"{claim['says']}: {one.interval()}"
        rows.append([key, str(claim["line"]), printed[key].text("value"), ours, _verdict(one), _compared(one)])
    rule = "The rule is that of the table before." if len(figures) < len(verdicts) else RULE
    return [Table(f"Figures of the document’s tables that only training can tell. {rule}", header, rows)]


def document_key(table: str, row: str, column: str) -> str:
    """How a figure of one of the document's tables is called."""
    return f"{table}: {row}, {column}"


def _verdict(one: Verdict) -> Cell:
    return Cell(one.verdict, alarm=one.verdict == "refuted")


def _compared(one: Verdict) -> str:
    claim = one.claim
    where = f" on {claim['setting']}" if claim.get("setting") else ""
    at = f", at the {claim['at']} rate" if claim.get("at", "best") != "best" else ""
    figure = f", {claim['figure'].replace('_', ' ')}" if claim.get("figure") else ""
    expects = "alike" if claim.get("expects") == "alike" else "better"
    least = f", by {smallest(claim)} at least" if claim.get("smallest") and expects == "better" else ""
    least = f", within {smallest(claim)}" if expects == "alike" else least
    return f"`{claim['of']}` and `{claim['than']}`{where}{figure}{at}{least}; n = {one.n}"


def ends(settings: Sequence[Setting]) -> list[str]:
    """A sentence on the variants whose best rate is at the end of what was tried; none where there are none.

    Of many settings it gives their number, as their tables mark them.
    """
    found = []
    for setting in settings:
        names = [f"`{one.name}` ({end})" for one in setting.variants if (end := setting.at_end(one))]
        if names:
            where = f" on {setting.title}" if len(settings) > 1 else ""
            found.append(f"The best rate is at an end of those tried{where}: {listing(names)}. More may lie beyond.")
    if len(settings) <= ROWS or not found:
        return found
    lines = [bool(setting.at_end(one)) for setting in settings for one in setting.variants]
    return [
        f"In {sum(lines)} of {len(lines)} rows of the tables the best rate is at an end of those tried (arrows); "
        "more may lie beyond."
    ]


def conclusions(settings: Sequence[Setting], table: pd.DataFrame) -> Section:
    """The answer, how rates were chosen, and where they end; of many settings the answer has a line for each."""
    told = [f"{one}." for one in answers(settings, table)] if len(settings) > ROWS else [answer(settings, table)]
    return Section("Answer", sentences=[*told, *budget(settings), *ends(settings)])
