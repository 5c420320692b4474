"""The page of all claims that were tried, and its tables."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netspec.ownership import write_all
from netspec.vocabulary import errata
from netspec.vocabulary.entry import SHOWN
from report.comparison import content
from report.engine.files import ending, files
from report.engine.formats import duration, listing, words
from report.engine.page import Block, Page, Picture, Section
from report.engine.rows import encode_plain
from report.kept.about import about
from report.kept.packed import unpacked
from report.trials import figure, tables, terms
from report.trials.verdicts import REFUTED, RULE, SUPPORTED, UNDECIDED, Claim, Tried
from report.vocabulary import source
from train.config.terms import terms as terms_of

if TYPE_CHECKING:
    from report.comparison.report import Compared

COLUMNS = (
    "trial", "line", "term", "says", "of", "than", "figure", "unit", "expects", "smallest", "n", "mean", "low", "high",
    "p", "verdict",
)  # fmt: skip
RUNS = ("trial", "variant", "seed", "rate", "judged", "seconds", "figure", "value")
FIGURE = "*.svg"
DATA = ("*.csv", "*_runs.csv", "*_terms.csv")
#: Above as many commits a footer counts them.
FEW = 2
SMOKE = ("Smoke run.", "A few steps and two seeds, to see that everything runs. Nothing here is a result.")


@dataclass(frozen=True)
class Kept:
    """A recorded comparison, whose claims join those of the trials."""

    name: str
    compared: Compared
    commit: str


def kept(record: Path) -> Kept:
    """The comparison of a folder of ``results/recorded``; raises :class:`ReportError` where it cannot be read."""
    from report.comparison.report import Comparison

    with unpacked(record) as told:
        compared = Comparison().read(told)
        assert compared.verdicts is not None  # what is read lazily is read while the files are there
        return Kept(record.name, compared, str(about(record).get("commit", "unknown")))


def write(trials: Sequence[Tried], stem: Path, comparisons: Sequence[Kept] = ()) -> None:
    """Write the page, its figure and three tables: whole, or nothing."""
    rows = [row_of(trial, claim) for trial in trials for claim in trial.claims()]
    rows += [[_plain(value) for value in row] for one in comparisons for row in _rows(one)]
    runs = table_of_runs(trials)
    drawings = {FIGURE: figure.verdicts(_named(trials, comparisons))}
    drawings |= {f"*_effects{at + 1}.svg": figure.effects(some) for at, some in enumerate(figure.parts(trials))}
    made = {
        ending(stem, ".csv"): encode_plain(COLUMNS, rows),
        ending(stem, "_runs.csv"): encode_plain(RUNS, runs),
        ending(stem, "_terms.csv"): encode_plain(terms.COLUMNS, terms.rows(judged(trials, comparisons))),
    }
    made |= {ending(stem, name.removeprefix("*")): drawing for name, drawing in drawings.items()}
    write_all(made | files(page(trials, comparisons), stem, drawings))


def _named(trials: Sequence[Tried], comparisons: Sequence[Kept]) -> list[tuple[str, list[str]]]:
    """The verdicts of each trial and comparison by its title."""
    found = [(one.settings.title, [claim.verdict for claim in one.claims()]) for one in trials]
    return found + [(one.compared.title, [v.verdict for v in one.compared.verdicts]) for one in comparisons]


def table_of_runs(trials: Sequence[Tried]) -> list[list[Any]]:
    """A row for each figure of each run, with the columns of :data:`RUNS`."""
    return [
        [trial.settings.name, run["variant"], run["seed"], run["rate"], run["judged"], run["seconds"], name, value]
        for trial in trials
        for run in trial.about["runs"]
        for name, value in run["figures"].items()
    ]


def _plain(value: Any) -> Any:
    return "" if value is None or (isinstance(value, float) and math.isnan(value)) else value


def row_of(trial: Tried, claim: Claim) -> list[Any]:
    """A claim in :data:`COLUMNS`."""
    told = claim.told
    than = told.get("than", told.get("value"))
    values = [
        trial.settings.name, told["line"], "; ".join(terms_of(told)), told["says"], told["of"], than, claim.figure,
        claim.unit, claim.expects, claim.smallest, claim.n, claim.mean, claim.low, claim.high, claim.p, claim.verdict,
    ]  # fmt: skip
    return [_plain(value) for value in values]


def _rows(one: Kept) -> list[list[Any]]:
    """The claims of a comparison in the columns of those of trials."""
    made = []
    for found in one.compared.verdicts:
        told = found.claim
        setting = next(s for s in one.compared.settings if told.get("setting") in (None, s.name))
        name = told.get("figure", setting.metric.name)
        made.append([
            one.name, told["line"], "; ".join(terms_of(told)), told["says"], told["of"], told["than"], name, "",
            told.get("expects", "better"), told.get("smallest", 0.0), found.n, found.mean, found.low, found.high,
            math.nan, found.verdict,
        ])  # fmt: skip
    return made


def judged(trials: Sequence[Tried], comparisons: Sequence[Kept] = ()) -> list[terms.Judged]:
    """The terms that claims are about or only training can judge; of a smoke run, no verdict counts."""
    decided = [
        (trial.settings.name, claim.told, claim.verdict)
        for trial in trials
        if not trial.about["smoke"]
        for claim in trial.claims()
    ]
    return terms.judged(
        decided + [(one.name, v.claim, v.verdict) for one in comparisons for v in one.compared.verdicts]
    )


def page(trials: Sequence[Tried], comparisons: Sequence[Kept] = ()) -> Page:
    """Counts of verdicts, effects as a picture, and for each trial what its variants reached and what is claimed."""
    smoke = any(trial.about["smoke"] for trial in trials)
    claims = [claim for trial in trials for claim in trial.claims()]
    blocks: list[Block] = []
    if not smoke:
        verdicts = [claim.verdict for claim in claims] + [
            v.verdict for one in comparisons for v in one.compared.verdicts
        ]
        found = judged(trials, comparisons)
        blocks.append(Section("Answer", sentences=[_answer(trials, comparisons, verdicts), terms.counted(found), RULE]))
    blocks.append(Picture(FIGURE, figure.VERDICTS))
    blocks.append(Section("What was run", facts=facts(trials)))
    blocks += [Picture(f"*_effects{at + 1}.svg", figure.CAPTION) for at in range(len(figure.parts(trials)))]
    wide: list[Block] = []
    for trial in trials:
        wide += [tables.variants(trial), *([] if smoke else [tables.claims(trial)])]
    if not smoke:
        wide += [*tables.printed(trials), *(block for one in comparisons for block in _compared(one))]
        wide += [terms.table(found), terms.left(found), _errata()]
    return Page(
        title="Claims tried",
        subtitle=_counted(trials, comparisons, claims),
        question="Which sentences of the vocabulary hold when they are tried on small problems?",
        book=source.sentence(),
        notice=SMOKE if smoke else None,
        blocks=blocks,
        wide=wide,
        footer=f"Claims tried, {at_commits(trials)}",
        data=DATA,
    )


def _counted(trials: Sequence[Tried], comparisons: Sequence[Kept], claims: Sequence[Claim]) -> str:
    joined = sum(len(one.compared.verdicts) for one in comparisons)
    parts = [words(len(trials), "trial")] + ([words(len(comparisons), "comparison")] if comparisons else [])
    return f"{listing(parts)}, {words(len(claims) + joined, 'claim')}".capitalize()


def _answer(trials: Sequence[Tried], comparisons: Sequence[Kept], verdicts: Sequence[str]) -> str:
    found = Counter(verdicts)
    joined = f" and {words(len(comparisons), 'recorded comparison')}" if comparisons else ""
    return (
        f"Of {words(len(verdicts), 'claim')}, {found[SUPPORTED]} are supported, {found[REFUTED]} refuted and "
        f"{found[UNDECIDED]} undecided, in {words(len(trials), 'trial')} of seconds to minutes a run{joined}: small "
        "problems, on which a claim about large ones can fail for reasons of its own."
    )


def _compared(one: Kept) -> list[Block]:
    """What a recorded comparison says of its claims, by the rule that stands with them."""
    if not one.compared.verdicts:
        return []
    title = f"{one.compared.title}, as recorded at commit {one.commit[:10]}"
    return [Section(title, lead=one.compared.question), *content.claims(one.compared.verdicts)]


def _errata() -> Section:
    """How many errors of the document are known without training, and how."""
    found = Counter(one.shown for one in errata())
    kinds = listing(f"{found[kind]} {kind}" for kind in SHOWN if found[kind])
    return Section(
        "Errors known without training",
        sentences=[
            f"Errors of the document that need no training: {found.total()}, of which {kinds}. `snakemake vocabulary` "
            "sets each with its line, what is right, and how that was shown."
        ],
    )


def facts(trials: Sequence[Tried]) -> list[tuple[str, str]]:
    """Data, runs, time, hardware and commit of trials."""
    machines = {str(trial.about["provenance"].get("cpu", "")): None for trial in trials}
    runs = sum(len(trial.about["runs"]) for trial in trials)
    seconds = sum(float(trial.about["seconds"]) for trial in trials)
    found = commits(trials)
    copies = [trial.settings.name for trial in trials if trial.settings.data]
    own = f" Of a person’s own: {listing(copies)}." if copies else ""
    return [
        (
            "Data",
            f"Made by the trials, scikit-learn’s 1,797 digits, or Python’s help topics; each seed splits them.{own}",
        ),
        ("Runs", f"{runs:,}, of which {sum(not r['judged'] for t in trials for r in t.about['runs']):,} chose rates."),
        ("Time", f"{duration(seconds)} of running, without compilation, while others may share the machine."),
        ("Hardware", listing(machines) + "."),
        ("Commit", listing(one if len(found) <= FEW else one[:10] + one[40:] for one in found) + "."),
    ]


def commits(trials: Sequence[Tried]) -> list[str]:
    """The commits that trials were run at, each once, saying where there were changes besides."""
    found = {}
    for trial in trials:
        made = trial.about["provenance"]
        dirty = " with uncommitted changes" if made.get("git_dirty") else ""
        found[str(made.get("git_commit", "unknown")) + dirty] = None
    return list(found)


def at_commits(trials: Sequence[Tried]) -> str:
    """The same for a footer: cut short, and counted where there are many."""
    found = commits(trials)
    if len(found) > FEW:
        return f"{len(found)} commits"
    return "commit " + listing(f"{one[:10]}{one[40:]}" for one in found)
