"""A finished run in words, from its summary alone: what the console says of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from train.divergence import described
from train.tasks import TASKS


def reached(summary: Mapping[str, Any]) -> str | None:
    """The figure that the run is judged by: ``top-1 86.56 % (1469/1697)``, or ``None`` where it has none.

    A share of examples is followed by their number.
    """
    metric = TASKS[summary["task"]].headline
    value = summary["metrics"].get(metric.name)
    if value is None:
        return None
    if not metric.of_examples:
        return f"{metric.label} {value:.4g} {metric.unit}".rstrip()
    count = summary["val_images"]
    return f"{metric.label} {value:.2f} % ({round(value * count / 100)}/{count})"


def headline(summary: Mapping[str, Any]) -> str:
    """Which run it was, what it reached and how long it took.

    One that diverged has a result too: it is no failure of the program.
    """
    which = f"{summary['cell']} seed {summary['seed']}"
    if found := summary.get("diverged"):
        went_on = ", went on to the last epoch" if summary["steps"] > found["step"] else ""
        return f"{which}: DIVERGED: {described(found, summary['epochs'])}{went_on}; reports leave this run out"
    return f"{which}: {reached(summary) or 'no result'} in {summary['timing']['wall_seconds']:.1f} s"
