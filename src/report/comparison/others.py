"""Another implementation beside a comparison's baseline: runs that ``python -m train fit-torch`` printed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from report.comparison.settings import Setting
from report.comparison.settings import rate as rate_of
from report.engine.errors import ReportError, read_json
from report.engine.formats import NONE, count, number, plain, signed, words
from report.engine.page import Column, Table
from report.runs import statistics

#: What each of its runs says.
KEYS = ("implementation", "seed", "learning_rate", "params", "loss", "step_milliseconds")


def runs_in(path: Path) -> list[dict[str, Any]]:
    """The runs of a file; raises :class:`ReportError` where it is another file."""
    runs = read_json(path, "expected what `python -m train fit-torch` prints").get("runs")
    if not isinstance(runs, list) or not runs or any(key not in run for run in runs for key in KEYS):
        raise ReportError(
            f"{path}: key 'runs' lacks {', '.join(KEYS)}, expected what `python -m train fit-torch` prints"
        )
    return runs


def table(path: Path, settings: Sequence[Setting]) -> Table:
    """The implementation at its best rate and the baseline of the first setting that is judged by held-out loss.

    Each has the same rates to choose from; the difference is paired by seed, which draws the same batches.
    """
    runs = runs_in(path)
    setting = next((one for one in settings if one.metric.name == "loss"), None)
    if setting is None:
        raise ReportError(f"{path}: no setting is judged by its loss, expected one beside which it can stand")
    rates: dict[float, dict[int, dict[str, Any]]] = {}
    for run in runs:
        rates.setdefault(run["learning_rate"], {})[run["seed"]] = run
    rate, best = min(rates.items(), key=lambda item: statistics.mean([run["loss"] for run in item[1].values()]))
    ours = setting.values(setting.baseline, "loss")
    theirs = {seed: float(run["loss"]) for seed, run in best.items()}
    shared = sorted(ours.keys() & theirs.keys())
    pair = statistics.paired([theirs[seed] for seed in shared], [ours[seed] for seed in shared])
    one = next(iter(best.values()))
    steps = setting.values(setting.baseline, "step_milliseconds")
    params = next(iter(setting.values(setting.baseline, "params").values()), math.nan)
    chosen = {number(rate_of(cell)) for cell in setting.chosen[setting.baseline].values()}
    rows = [
        [f"`{setting.baseline}`, ours", _whole(params), " or ".join(sorted(chosen)), _spread([*ours.values()]), NONE,
         plain(median(steps.values()), 1)],
        [str(one["implementation"]), _whole(one["params"]), number(rate), _spread([*theirs.values()]),
         _difference(pair), plain(median(run["step_milliseconds"] for run in best.values()), 1)],
    ]  # fmt: skip
    header = (
        Column("Implementation", "1fr"), "Parameters", "Rate", "Held-out loss (nats)", "Minus ours (95 % interval)",
        "Step (ms)",
    )  # fmt: skip
    flattered = f"at the best of {words(len(rates), 'rate')}, which flatters it"
    caption = (
        f"{setting.title}: the baseline beside the same network in another library, with the same batches, steps and "
        f"schedule, {flattered}; mean ± sample standard deviation over "
        f"{words(len(theirs), 'seed')}. Step: median of a thread, taken one after the other and not in turns."
    )
    return Table(caption, header, rows)


def _whole(value: float) -> str:
    return NONE if math.isnan(value) else count(int(value))


def _spread(values: Sequence[float]) -> str:
    return f"{plain(statistics.mean(values), 3)} ± {plain(statistics.sd(values), 3)}"


def _difference(pair: Any) -> str:
    if math.isnan(pair.low):
        return NONE
    return f"{signed(pair.mean, 3)} ({signed(pair.low, 3)} to {signed(pair.high, 3)})"
