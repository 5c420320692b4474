"""Comparisons: variants at rates of an equal budget, in one or several settings, with claims that they decide."""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from train.config import sweep, terms
from train.config.schema import ConfigError

if TYPE_CHECKING:
    from train.config.experiment import Experiment

#: The kinds of their reports: one for all, and those that add to it what they alone answer.
KINDS = ("comparison", "optimizers", "schedules", "attention", "positions")
#: Keys that only experiments with this report have.
KEYS = ("tuning", "baseline", "settings", "claims", "extra", "lengths", "timed")
RATE = "optimizer.learning_rate"


def check(settings: dict[str, Any], where: str, prefix: str) -> None:
    """Raise :class:`ConfigError` for keys of comparisons in another experiment, and for both ways to give rates."""
    given = [key for key in KEYS if settings.get(key)]
    if given and settings["report"] not in KINDS:
        raise ConfigError(f"{where}: key '{prefix}{given[0]}' is one of comparisons, expected report: {KINDS[0]}")
    if settings["report"] in KINDS and settings.get("sweep"):
        raise ConfigError(f"{where}: key '{prefix}sweep': a comparison has its rates under 'tuning', expected no sweep")


def tuned(
    cells: dict[str, dict[str, Any]], tuning: dict[str, Any], where: str, others: Iterable[str] = ()
) -> dict[str, dict[str, Any]]:
    """Every cell with each of the rates times its own factor, as many for all, as points of a sweep over the rate.

    Raises :class:`ConfigError`, beginning with ``where``, for a factor of a cell that is neither one of them nor one of
    the ``others``, which are not shown.
    """
    times, known = tuning.get("times", {}), [*cells, *others]
    if unknown := times.keys() - {*known}:
        raise ConfigError(f"{where} has a factor for {min(unknown)!r}, expected one of {', '.join(known)}")
    made: dict[str, dict[str, Any]] = {}
    for name, cell in cells.items():
        factor = Decimal(repr(times.get(name, 1)))  # so that 0.3 × 0.1 is 0.03
        rates = [float(Decimal(repr(rate)) * factor) for rate in tuning["rates"]]
        made |= sweep.swept({name: cell}, {RATE: rates}, where.partition(": key")[0], "tuning")
    return made


def content(settings: dict[str, Any]) -> dict[str, Any]:
    """What an experiment's file says of the comparison; empty of another experiment."""
    return {key: settings[key] for key in ("tuning", "baseline", "claims", "lengths", "timed") if settings.get(key)}


def check_names(experiment: Experiment, where: str) -> None:
    """Raise :class:`ConfigError` for a baseline that is no variant of the experiment."""
    variants = experiment.bases(experiment.cells)
    if (baseline := experiment.compared.get("baseline", variants[0])) not in variants:
        raise ConfigError(f"{where}baseline' is {baseline!r}, expected one of {', '.join(variants)}")


def check_claims(settings: dict[str, Any], where: str) -> None:
    """Raise :class:`ConfigError` for a claim about a term or in a setting that there is not."""
    known = settings.get("settings") or {}
    for claim in settings.get("claims") or ():
        if (wanted := claim.get("setting")) is not None and wanted not in known:
            expected = f"one of {', '.join(known)}" if known else "none, since there is one alone"
            said = f"that of line {claim['line']} has setting {wanted!r}"
            raise ConfigError(f"{where}: key 'claims': {said}, expected {expected}")
        if mistaken := terms.mistake(claim):
            raise ConfigError(f"{where}: key 'claims': of that of line {claim['line']}, {mistaken}")


def _baseline(experiment: Experiment) -> str:
    """The variant that others are compared with: the first where the one named is not shown."""
    variants = experiment.bases(experiment.shown)
    baseline = experiment.compared.get("baseline", variants[0])
    return baseline if baseline in variants else variants[0]


def measured(experiment: Experiment) -> str | None:
    """The file of what the variants of a comparison cost at growing length, if it asks for that."""
    return f"results/comparisons/{experiment.stem}-lengths.json" if experiment.compared.get("lengths") else None


def timed(experiment: Experiment) -> str | None:
    """The file of how long a step of each variant takes, if the comparison asks for that."""
    return f"results/comparisons/{experiment.stem}-steps.json" if experiment.compared.get("timed") else None


def about(experiment: Experiment) -> str:
    """What the report of a comparison is told besides its results, as JSON: settings, seeds, baseline and claims.

    Variants are told apart by what their cells are rates of; claims about variants or settings that are not shown are
    left out.
    """
    parts = experiment.settings or {"": experiment}
    settings = [
        {
            "name": name,
            "title": part.title if experiment.settings and part.title != experiment.title else part.dataset["title"],
            "results": f"results/{part.label}",
            "cells": list(part.shown),
            "seeds": list(part.seeds),
            "tuning_seeds": [seed for seed in part.all_seeds if seed not in part.seeds],
            "baseline": _baseline(part),
        }
        for name, part in parts.items()
    ]
    told: dict[str, Any] = {"report": experiment.report, "title": experiment.title, "question": experiment.question}
    told |= {"settings": settings, "lengths": measured(experiment), "steps": timed(experiment)}
    claims = [one for one in experiment.compared.get("claims", ()) if one.get("setting") in (None, *parts)]
    return json.dumps({**told, "claims": claims}, indent=2, ensure_ascii=False)
