"""The page of all claims that were tried, and its tables."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from netspec.ownership import write_all
from report.engine.escape import phrase
from report.engine.files import ending, files
from report.engine.formats import NONE, count, duration, listing, number, plain, signed, words
from report.engine.page import Block, Cell, Column, Page, Picture, Section, Table
from report.engine.rows import encode_plain
from report.runs import statistics
from report.trials import figure
from report.trials.verdicts import REFUTED, RULE, SUPPORTED, UNDECIDED, Claim, Tried
from report.vocabulary import source

COLUMNS = (
    "trial", "line", "says", "of", "than", "figure", "unit", "expects", "smallest", "n", "mean", "low", "high", "p",
    "verdict",
)  # fmt: skip
RUNS = ("trial", "variant", "seed", "rate", "judged", "seconds", "figure", "value")
FIGURE = "*.svg"
DATA = ("*.csv", "*_runs.csv")
SMOKE = ("Smoke run.", "A few steps and two seeds, to see that everything runs. Nothing here is a result.")


def write(trials: Sequence[Tried], stem: Path) -> None:
    """Write the page, its figure and two tables: whole, or nothing."""
    rows = [[_plain(value) for value in _row(trial, claim)] for trial in trials for claim in trial.claims()]
    runs = [
        [trial.settings.name, run["variant"], run["seed"], run["rate"], run["judged"], run["seconds"], name, value]
        for trial in trials
        for run in trial.about["runs"]
        for name, value in run["figures"].items()
    ]
    drawings = {FIGURE: figure.effects(trials)}
    made = {
        ending(stem, ".csv"): encode_plain(COLUMNS, rows),
        ending(stem, "_runs.csv"): encode_plain(RUNS, runs),
        ending(stem, ".svg"): drawings[FIGURE],
    }
    write_all(made | files(page(trials), stem, drawings))


def _plain(value: Any) -> Any:
    return "" if value is None or (isinstance(value, float) and math.isnan(value)) else value


def _row(trial: Tried, claim: Claim) -> list[Any]:
    told = claim.told
    than = told.get("than", told.get("value"))
    return [
        trial.settings.name, told["line"], told["says"], told["of"], than, claim.figure, claim.unit, claim.expects,
        claim.smallest, claim.n, claim.mean, claim.low, claim.high, claim.p, claim.verdict,
    ]  # fmt: skip


def page(trials: Sequence[Tried]) -> Page:
    """Counts of verdicts, effects as a picture, and for each trial what its variants reached and what is claimed."""
    smoke = any(trial.about["smoke"] for trial in trials)
    claims = [claim for trial in trials for claim in trial.claims()]
    blocks: list[Block] = []
    if not smoke:
        blocks.append(Section("Answer", sentences=[_answer(trials, claims), RULE]))
    caption = (
        "By how much the first variant is better than the second, in multiples of the smallest difference that counts, "
        "with 95 % intervals; what lies in the grey band does not count. Green circles are supported, red squares "
        "refuted, grey diamonds undecided; ≈ claims that both are alike."
    )
    blocks.append(Picture(FIGURE, caption))
    blocks.append(Section("What was run", facts=_facts(trials)))
    wide: list[Block] = []
    for trial in trials:
        wide += [_variants(trial), *([] if smoke else [_claims(trial)])]
    return Page(
        title="Claims tried",
        subtitle=f"{words(len(trials), 'trial')}, {words(len(claims), 'claim')}",
        question="Which sentences of the vocabulary hold when they are tried on small problems?",
        book=source.sentence(),
        notice=SMOKE if smoke else None,
        blocks=blocks,
        wide=wide,
        footer=f"Claims tried, commit {_commits(trials, 10)}",
        data=DATA,
    )


def _answer(trials: Sequence[Tried], claims: Sequence[Claim]) -> str:
    found = Counter(claim.verdict for claim in claims)
    return (
        f"Of {words(len(claims), 'claim')}, {found[SUPPORTED]} are supported, {found[REFUTED]} refuted and "
        f"{found[UNDECIDED]} undecided, in {words(len(trials), 'trial')} of a few seconds a run: small problems, on "
        "which a claim about large ones can fail for reasons of its own."
    )


def _facts(trials: Sequence[Tried]) -> list[tuple[str, str]]:
    machines = {str(trial.about["provenance"].get("cpu", "")): None for trial in trials}
    runs = sum(len(trial.about["runs"]) for trial in trials)
    seconds = sum(float(trial.about["seconds"]) for trial in trials)
    return [
        ("Data", "Made by the trials from a seed, or scikit-learn’s 1,797 digits; each seed draws its own split."),
        ("Runs", f"{runs:,}, of which {sum(not r['judged'] for t in trials for r in t.about['runs']):,} chose rates."),
        ("Time", f"{duration(seconds)} of running, without compilation, while others may share the machine."),
        ("Hardware", listing(machines) + "."),
        ("Commit", _commits(trials, 40) + "."),
    ]


def _commits(trials: Sequence[Tried], length: int) -> str:
    found = {}
    for trial in trials:
        made = trial.about["provenance"]
        dirty = " with uncommitted changes" if made.get("git_dirty") else ""
        found[str(made.get("git_commit", "unknown"))[:length] + dirty] = None
    return listing(found)


def _variants(trial: Tried) -> Table:
    """A row a variant: every figure with its spread, what it costs and at which rate."""
    header = [Column("Variant"), Column("What it is", "1fr", quiet=True), "Rate", "Para-\nmeters", "Run (s)"]
    header += [f"{one['label']}" + (f" ({one['unit']})" if one["unit"] else "") for one in trial.figures]
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


def _places(values: Sequence[float]) -> int:
    largest = max(map(abs, values), default=0.0)
    return 1 if largest >= 10 else 2 if largest >= 1 else 3


def _claims(trial: Tried) -> Table:
    header = (
        Column("The document, in our words", "1.4fr"), "Line", Column("Verdict"), Column("By how much better", "1fr"),
        "p (Holm)", Column("Compared", "1fr", quiet=True),
    )  # fmt: skip
    rows = []
    for claim in trial.claims():
        places = 2 if abs(claim.mean) >= 1 else 3
        text = f"{signed(claim.mean, places)} ({signed(claim.low, places)} to {signed(claim.high, places)})"
        told = claim.told
        than = f"`{told['than']}`" if "than" in told else plain(float(told["value"]), 2)
        least = plain(claim.smallest, 3).rstrip("0").rstrip(".")
        by = f"within {least}" if claim.expects == "alike" else f"by {least} at least"
        shown = f" {claim.unit}" if claim.unit else ""
        of = f", {claim.figure.replace('_', ' ')}" if "figure" in told else ""
        rows.append(
            [
                phrase(told["says"]),
                str(told["line"]),
                Cell(claim.verdict, alarm=claim.verdict == REFUTED),
                NONE if math.isnan(claim.mean) else text + shown,
                _p(claim.p),
                f"`{told['of']}` and {than}{of}, {by}; n = {claim.n}",
            ]
        )
    return Table(f"{phrase(trial.settings.title)}: what the document says, and what came of it.", header, rows)


def _p(value: float) -> str:
    if math.isnan(value):
        return NONE
    return "<0.001" if value < 0.001 else plain(value, 3)
