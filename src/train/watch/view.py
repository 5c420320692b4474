"""Runs as lines of a terminal: how far, how fast, and the curve of each figure as a row of blocks."""

from __future__ import annotations

import time
from collections.abc import Sequence

from tqdm import tqdm

from train.config.printable import escaped
from train.tasks import TASKS
from train.watch.runs import Seen

#: Heights of a block, the lowest first.
BLOCKS = "▁▂▃▄▅▆▇█"
#: Blocks of a curve at most.
LONGEST = 16
#: Seconds without a sign of life from which they are said: validation and compiling give none.
SILENT = 60.0


def view(runs: Sequence[Seen], width: int = 100, now: float | None = None) -> str:
    """Each run as a line and, in lines of at most ``width`` characters, its figures; those that go on come first.

    ``now`` is in seconds since the epoch, as of :func:`time.time`, which it is where it is left out.
    """
    now = time.time() if now is None else now
    ordered = sorted(runs, key=lambda run: run.state != "goes on")
    blocks = ["\n".join([_heading(run, now), *_wrapped(_figures(run), width)]) for run in ordered]
    return "\n".join(blocks) or "no run has begun to train"


def sparkline(values: Sequence[float | None], longest: int = LONGEST) -> str:
    """Values as blocks, the least as the lowest; a blank where there is none, and of many values the means of parts."""
    parts = [
        values[len(values) * k // longest : len(values) * (k + 1) // longest]
        if len(values) > longest
        else values[k : k + 1]
        for k in range(min(longest, len(values)))
    ]
    means = [_mean([value for value in part if value is not None]) for part in parts]
    known = [mean for mean in means if mean is not None]
    low, high = (min(known), max(known)) if known else (0.0, 0.0)
    step = (high - low) / (len(BLOCKS) - 1)
    return "".join(" " if mean is None else BLOCKS[round((mean - low) / step) if step else 0] for mean in means)


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _heading(run: Seen, now: float) -> str:
    parts = [f"{escaped(run.cell)} seed {run.seed}", f"step {run.step:,} of {run.steps:,}"]
    if run.per_second is not None:
        parts.append(f"{run.per_second:,.0f} {run.unit}/s")
    if run.state != "goes on":
        parts.append(run.state)
    elif run.step == run.steps:
        parts.append("finishing")
    elif run.left is not None:
        parts.append(f"{tqdm.format_interval(run.left)} left")
    if run.state == "goes on" and now - run.updated > SILENT:
        parts.append(f"silent for {tqdm.format_interval(now - run.updated)}")
    # Where it lies comes last: it may be long, and a run is mostly called as its folders are.
    place = run.name.removesuffix(f"{run.cell}/seed{run.seed}").rstrip("/")
    return "  ".join([*parts, *([f"in {escaped(place)}"] if place else [])])


def _figures(run: Seen) -> list[str]:
    """Name, last value and curve of the training loss and of whatever was validated, the task's metrics first."""
    metrics = {metric.name: metric for metric in TASKS[run.task].metrics}
    taken = dict.fromkeys(name for _, _, split, name, _ in run.rows if split == "val")
    found = []
    for split, name in [
        ("train", "loss"),
        *(("val", name) for name in [*metrics, *(name for name in taken if name not in metrics)]),
    ]:
        if curve := run.curve(split, name):
            metric, value = metrics.get(name), curve[-1]
            last = "no number" if value is None else metric.text(value) if metric else f"{value:.4f}"
            found.append(f"{split} {name} {last} {sparkline(curve)}".rstrip())
    return found


def _wrapped(figures: Sequence[str], width: int) -> list[str]:
    """Figures side by side, indented, in as many lines as they need."""
    lines: list[str] = []
    for figure in figures:
        if lines and len(lines[-1]) + 3 + len(figure) <= width:
            lines[-1] += f"   {figure}"
        else:
            lines.append(f"  {figure}")
    return lines
