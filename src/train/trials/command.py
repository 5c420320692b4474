"""``python -m train trial``: every variant at every rate and seed, kept as it is finished, and continued from there."""

from __future__ import annotations

import hashlib
import json
import math
import os
import time
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import fmean
from typing import Any

from netspec.ownership import SIGNATURE, write_all
from train import provenance
from train.config.closure import closure
from train.config.schema import ConfigError
from train.machine.parent import end_with
from train.trials import find
from train.trials.base import Series, Trial
from train.trials.settings import Settings, check_names, read


def run(path: Path, out: Path, cache: Path, *, smoke: bool = False, jobs: int = 1) -> None:
    """Run the trial of the file ``path`` and write ``out``, JSON with a row a run; ``cache`` keeps finished variants.

    ``jobs`` processes share the variants, which gives the same figures. Raises :class:`ConfigError` for a mistake in
    the file, and for data that is not there or damaged.
    """
    start = time.perf_counter()
    settings = read(path, smoke=smoke)
    trial = find(settings.trial)
    check_names(settings, trial.variants, [one.name for one in trial.figures], path)
    if unknown := sorted(settings.settings.keys() - trial.settings.keys()):
        raise ConfigError(
            f"{path}: key 'settings' has {unknown[0]!r}, expected one of {', '.join(sorted(trial.settings))}"
        )
    sizes = {**trial.settings, **settings.settings, **(trial.smoke if smoke else {})}
    data = _data(path, settings, trial)
    sizes |= {name: one.digest for name, one in data.items()}
    mark = _fingerprint(settings, sizes)
    variants = {name: what for name, what in trial.variants.items() if not smoke or name in settings.compared}
    found = {name: _kept(cache / f"{name}.json", mark) for name in variants}
    left = [name for name, rows in found.items() if rows is None]
    run_one = partial(_run_and_keep, settings, {**sizes, **data}, mark, cache)
    if min(jobs, len(left)) > 1:
        os.environ.setdefault("PJRT_NPROC", "1")  # or each of them would compute on every core
        with ProcessPoolExecutor(min(jobs, len(left)), get_context("spawn"), end_with, (os.getpid(),)) as pool:
            found |= zip(left, pool.map(run_one, left), strict=True)
    else:
        found |= {name: run_one(name) for name in left}
    runs = [row for rows in found.values() for row in rows or ()]
    about = {
        "trial": settings.trial,
        "name": settings.name,
        "smoke": smoke,
        "settings": sizes,
        "variants": variants,
        "figures": [{"name": f.name, "label": f.label, "unit": f.unit, "better": f.better} for f in trial.figures],
        "series": [_curve(one, sizes) for one in trial.series],
        "runs": runs,
        "seconds": round(sum(one["seconds"] for one in runs), 3),
        "wall_seconds": round(time.perf_counter() - start, 3),
        "provenance": {**provenance.git_state(), **provenance.versions(), **provenance.machine()},
    }
    write_all({out: _text(about)})


def _data(path: Path, settings: Settings, trial: Trial) -> dict[str, Any]:
    """What a trial reads of a person's own copy, as the setting ``data``; nothing of a trial that needs none.

    Where the copy lies decides nothing, so that only its digest is kept.
    """
    if (trial.load is None) != (settings.data is None):
        needs = "is of no use to" if trial.load is None else "is missing, with path and url of what is needed by"
        raise ConfigError(f"{path}: key 'data' {needs} the trial {settings.trial}")
    if trial.load is None or settings.data is None:
        return {}
    place = settings.data.place(path)
    try:
        return {"data": trial.load(place)}
    except ConfigError as error:
        raise ConfigError(f"{path}: key 'data': {error}") from None


def _run_and_keep(
    settings: Settings, sizes: Mapping[str, Any], mark: str, cache: Path, variant: str
) -> list[dict[str, Any]]:
    """The runs of a variant, which ``cache`` has from now on."""
    found = _variant(settings, find(settings.trial), variant, sizes)
    write_all({cache / f"{variant}.json": _text({"fingerprint": mark, "runs": found})})
    return found


def _text(value: Mapping[str, Any]) -> bytes:
    return (json.dumps({"written_by": SIGNATURE, **value}, indent=1, ensure_ascii=False) + "\n").encode()


def _fingerprint(settings: Settings, sizes: Mapping[str, Any]) -> str:
    """What a kept variant may be taken from: seeds, rates, sizes, code and libraries."""
    asked = [settings.seeds, settings.tuning_seeds, settings.rates, sorted(sizes.items()), provenance.versions()]
    digest = hashlib.sha256(json.dumps(asked, default=str).encode())
    for source in closure(f"train.trials.{settings.trial}"):
        digest.update(Path(source).read_bytes())
    return digest.hexdigest()[:16]


def _kept(path: Path, mark: str) -> list[dict[str, Any]] | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return list(found["runs"]) if found["fingerprint"] == mark else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _variant(settings: Settings, trial: Trial, variant: str, sizes: Mapping[str, Any]) -> list[dict[str, Any]]:
    """All runs of a variant: at each rate with the seeds for tuning, then at the best of them with those judged."""
    import jax

    headline = trial.figures[0]
    made = trial.make(variant, sizes)
    run = _compiled(made) if trial.compiled else made

    def once(seed: int, rate: float, judged: bool) -> dict[str, Any]:
        start = time.perf_counter()
        found = dict(jax.device_get(run(jax.random.key(seed), jax.numpy.float32(rate))))
        took = round(time.perf_counter() - start, 4)
        told = found.pop("told", None)
        curves = {one.name: _numbers(found.pop(one.name)) for one in trial.series if one.name in found}
        if unknown := {*found} - {*(one.name for one in trial.figures), "params"}:
            raise ValueError(f"{settings.trial}: {variant} gives {min(unknown)}, which is none of its figures")
        figures = {name: _number(value) for name, value in found.items()}
        row = {"variant": variant, "seed": seed, "rate": rate, "judged": judged, "seconds": took, "figures": figures}
        if judged and curves:
            row["series"] = curves
        if judged and told is not None and trial.tell and seed == settings.seeds[0]:
            row["told"] = trial.tell(told, sizes)
        return row

    runs = [once(seed, rate, False) for rate in settings.rates for seed in settings.tuning_seeds]
    best = settings.rates[0]
    if len(settings.rates) > 1:
        best = min(settings.rates, key=lambda rate: _badness(runs, rate, headline))
    return runs + [once(seed, best, True) for seed in settings.seeds]


def _compiled(function: Any) -> Any:
    """``function`` for any key and rate, compiled before the first is timed."""
    import jax

    return jax.jit(function).lower(jax.random.key(0), jax.numpy.float32(0.1)).compile()


def _number(value: Any) -> float | None:
    return float(value) if math.isfinite(value) else None


def _numbers(values: Any) -> list[float | None]:
    return [None if (one := _number(value)) is None else float(f"{one:.5g}") for value in values]


def _curve(one: Series, sizes: Mapping[str, Any]) -> dict[str, Any]:
    at = [float(value) for value in one.at(sizes)]
    return {"name": one.name, "label": one.label, "along": one.along, "at": at, "logarithmic": one.logarithmic}


def _badness(runs: list[dict[str, Any]], rate: float, headline: Any) -> float:
    values = [one["figures"].get(headline.name) for one in runs if one["rate"] == rate]
    if any(value is None for value in values):
        return math.inf
    return fmean(values) * (1 if headline.better == "down" else -1)
