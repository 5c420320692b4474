"""What trials say of claims, by one rule for all."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

from report.engine.errors import ReportError
from report.runs import statistics
from train.trials.settings import Settings, read

SUPPORTED, REFUTED, UNDECIDED = "supported", "refuted", "undecided"
LEVEL = 0.05
RULE = (
    "The rule, the same for all: a claim names two variants, a figure and the smallest difference that "
    "counts. By how much the first is better, paired by seed, has a 95 % interval and is tested against that "
    "smallest difference (Student’s t, two-sided), and p-values are adjusted by Holm over the claims of a trial. "
    "Where p is below 0.05, a claim that the first is better is supported if the mean lies above the smallest "
    "difference and refuted if it lies below. A claim that both are alike is supported where the interval, adjusted "
    "for the number of claims, lies within the smallest difference on both sides, and refuted where all of it lies "
    "outside. All else is undecided, and so is what not every seed measured. Rates are chosen for every variant "
    "among the same ones by seeds of their own."
)


@dataclass(frozen=True)
class Claim:
    """A claim and what became of it: by how much the first is better, NaN where nothing was measured."""

    told: Mapping[str, Any]
    figure: str
    unit: str
    n: int
    mean: float
    low: float
    high: float
    p: float
    verdict: str

    @property
    def smallest(self) -> float:
        """The smallest difference that counts."""
        return float(self.told.get("smallest", 0.0))

    @property
    def expects(self) -> str:
        """``better`` or ``alike``."""
        return str(self.told.get("expects", "better"))


@dataclass(frozen=True)
class Tried:
    """A trial with its runs and the verdicts on its claims."""

    settings: Settings
    about: Mapping[str, Any]

    @property
    def figures(self) -> list[Mapping[str, str]]:
        """What was measured, what is judged first."""
        return list(self.about["figures"])

    def values(self, variant: str, figure: str) -> dict[int, float]:
        """A figure of the judged runs by seed, without those that have none."""
        return {
            run["seed"]: float(run["figures"][figure])
            for run in self.about["runs"]
            if run["variant"] == variant and run["judged"] and run["figures"].get(figure) is not None
        }

    def runs(self, variant: str) -> list[Mapping[str, Any]]:
        """The judged runs of a variant."""
        return [run for run in self.about["runs"] if run["variant"] == variant and run["judged"]]

    def at_end(self, variant: str) -> str:
        """``smallest`` or ``largest`` where a variant is judged at that end of several rates that make a difference."""
        tried = [run for run in self.about["runs"] if run["variant"] == variant]
        rates = sorted({run["rate"] for run in tried})
        figures = {json.dumps(run["figures"], sort_keys=True) for run in tried if run["seed"] == tried[0]["seed"]}
        judged = [run["rate"] for run in tried if run["judged"]]
        if len(rates) < 2 or not judged or len(figures) < 2:  # what is not trained has no best rate
            return ""
        return {rates[0]: "smallest", rates[-1]: "largest"}.get(judged[0], "")

    def claims(self) -> list[Claim]:
        """Every claim with its verdict, which a smoke run leaves undecided."""
        found = [self._measured(claim) for claim in self.settings.claims]
        adjusted = statistics.holm([one.p for one in found])
        whole = [one.n == len(self.settings.seeds) and not self.about["smoke"] for one in found]
        return [
            _decided(one, p, len(found)) if measured else replace(one, p=p)
            for one, p, measured in zip(found, adjusted, whole, strict=True)
        ]

    def _measured(self, told: Mapping[str, Any]) -> Claim:
        figure = told.get("figure", self.figures[0]["name"])
        known = {one["name"]: one for one in self.figures}
        if figure not in known:
            raise ReportError(f"{self.settings.name}: claim of line {told['line']}: no figure is called {figure!r}")
        sign = 1 if known[figure]["better"] == "up" else -1
        first = self.values(told["of"], figure)
        second = self.values(told["than"], figure) if "than" in told else dict.fromkeys(first, float(told["value"]))
        shared = sorted(first.keys() & second.keys())
        differences = [sign * (first[seed] - second[seed]) for seed in shared]
        pair = statistics.interval(differences)
        smallest = float(told.get("smallest", 0.0))
        p = statistics.interval([one - smallest for one in differences]).p
        if told.get("expects") == "alike":
            p = math.nan  # judged by its interval, of a level for all claims
        return Claim(told, figure, known[figure]["unit"], pair.n, pair.mean, pair.low, pair.high, p, UNDECIDED)


def _decided(claim: Claim, p: float, count: int) -> Claim:
    """``claim`` with its verdict, its p-value adjusted."""
    verdict = UNDECIDED
    if claim.expects == "alike":
        half = (claim.high - claim.low) / 2 * _wider(claim.n, count)
        low, high = claim.mean - half, claim.mean + half
        if claim.n > 1 and -claim.smallest < low and high < claim.smallest:
            verdict = SUPPORTED
        elif claim.n > 1 and (low > claim.smallest or high < -claim.smallest):
            verdict = REFUTED
    elif p < LEVEL or (claim.n > 1 and math.isnan(p)):  # no p-value where all seeds differ by exactly as much
        verdict = SUPPORTED if claim.mean > claim.smallest else REFUTED
    return replace(claim, p=p, verdict=verdict)


def _wider(n: int, count: int) -> float:
    """By how much an interval is wider when there are ``count`` of them (Bonferroni)."""
    from scipy.special import stdtrit

    if n < 2:
        return 1.0
    return float(stdtrit(n - 1, 1 - LEVEL / 2 / count) / stdtrit(n - 1, 1 - LEVEL / 2))


def load(configuration: Path, results: Path) -> Tried:
    """A trial from its settings and what it wrote.

    Raises :class:`ReportError` for results that cannot be read or are of another trial.
    """
    try:
        about = json.loads(results.read_text(encoding="utf-8"))
        name, smoke = about["name"], about["smoke"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ReportError(f"{results}: no results of a trial ({error}); `snakemake {results}` makes them") from None
    settings = read(configuration, smoke=smoke)
    if name != settings.name:
        raise ReportError(f"{results}: is of the trial {name}, expected {settings.name}")
    return Tried(settings, about)


def mean(values: Sequence[float]) -> float:
    """Arithmetic mean; NaN of nothing."""
    return fmean(values) if values else math.nan
