"""Sentences of the document and what the runs say of them, by one rule."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from report.comparison.settings import COSTS, Setting
from report.engine.errors import ReportError
from report.engine.formats import NONE, plain, signed, signed_count
from report.runs import statistics

#: Figures that are whole numbers.
COUNTED = {"params", "macs", "optimizer_bytes"}
SUPPORTED, REFUTED, UNDECIDED = "supported", "refuted", "undecided"
RULE = (
    "The rule: by how much the first variant is better than the second, paired by seed, has a 95 % interval "
    "(Student’s). A claim that it is better is supported where the whole interval lies above the smallest difference "
    "that counts, refuted where the whole lies below it, and undecided where it contains it. A claim that both are "
    "alike is supported where the interval lies within that difference on both sides, refuted where it lies outside. "
    "Where all runs of one diverged and none of the other did, that decides. Intervals are not adjusted for the number "
    "of claims."
)


@dataclass(frozen=True)
class Verdict:
    """What became of a claim; ``mean``, ``low`` and ``high`` are by how much the first is better, NaN where unknown."""

    claim: Mapping[str, Any]
    verdict: str
    n: int
    mean: float
    low: float
    high: float
    remark: str = ""

    def interval(self, decimals: int = 3) -> str:
        """The interval that decides, in words where there is none; what is counted, such as bytes, in whole numbers."""
        if self.remark:
            return self.remark
        if math.isnan(self.low):
            return NONE
        values = (self.mean, self.low, self.high)
        if self.claim.get("figure") in COUNTED:
            mean, low, high = (signed_count(round(value)) for value in values)
        else:
            mean, low, high = (signed(value, decimals) for value in values)
        return f"{mean} ({low} to {high})"


def decided(low: float, high: float, smallest: float = 0.0, expects: str = "better") -> str:
    """The rule of :data:`RULE` for the interval from ``low`` to ``high`` of how much better the first one is."""
    if math.isnan(low) or math.isnan(high):
        return UNDECIDED
    if expects == "alike":
        if -smallest < low and high < smallest:
            return SUPPORTED
        return REFUTED if low > smallest or high < -smallest else UNDECIDED
    if low > smallest:
        return SUPPORTED
    return REFUTED if high < smallest else UNDECIDED


def verdict(claim: Mapping[str, Any], settings: Sequence[Setting]) -> Verdict | None:
    """What the runs say of a claim, or ``None`` where a variant of it is not shown.

    Raises :class:`ReportError` for a setting or figure that is not there.
    """
    setting = _setting(claim, settings)
    names = [one.name for one in setting.variants]
    if not {claim["of"], claim["than"]} <= {*names}:
        return None
    figure, at = claim.get("figure", setting.metric.name), claim.get("at", "best")
    smallest, expects = claim.get("smallest", 0.0), claim.get("expects", "better")
    first, second = (setting.values(claim[which], figure, at) for which in ("of", "than"))
    runs = [setting.runs(claim[which], at) for which in ("of", "than")]
    if not first and not second and not all(run.diverged for some in runs for run in some.values()):
        raise ReportError(f"claim of line {claim['line']}: key 'figure' is {figure!r}, which no run has")
    stable = [len(values) == len(setting.seeds) for values in (first, second)]
    if stable[0] and not second:
        found = SUPPORTED if expects == "better" else REFUTED
        return Verdict(claim, found, 0, math.nan, math.nan, math.nan, f"all runs of {claim['than']} diverged")
    if stable[1] and not first:
        return Verdict(claim, REFUTED, 0, math.nan, math.nan, math.nan, f"all runs of {claim['of']} diverged")
    shared = sorted(first.keys() & second.keys())
    sign = setting.sign(figure)
    pair = statistics.paired([sign * first[seed] for seed in shared], [sign * second[seed] for seed in shared])
    found = decided(pair.low, pair.high, smallest, expects)
    if not all(stable) and found != UNDECIDED:  # the runs that are left are the lucky ones
        return Verdict(claim, UNDECIDED, pair.n, pair.mean, pair.low, pair.high, "some runs diverged")
    return Verdict(claim, found, pair.n, pair.mean, pair.low, pair.high)


def _setting(claim: Mapping[str, Any], settings: Sequence[Setting]) -> Setting:
    wanted = claim.get("setting")
    for setting in settings:
        if wanted in (None, setting.name):
            return setting
    raise ReportError(
        f"claim of line {claim['line']}: key 'setting' is {wanted!r}, expected one of "
        f"{', '.join(one.name for one in settings)}"
    )


def smallest(claim: Mapping[str, Any]) -> str:
    """The smallest difference that counts, as text."""
    return plain(claim.get("smallest", 0.0), 3).rstrip("0").rstrip(".")


__all__ = ["COSTS", "RULE", "Verdict", "decided", "smallest", "verdict"]
