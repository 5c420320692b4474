"""What the numbers of the comparison say, in sentences."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from report.engine.formats import count, listing, plain, words
from report.runs.divergence import counted, left_out
from report.runs.statistics import binomial_half_width, spearman

if TYPE_CHECKING:
    import pandas as pd

LEARNED = 95.0  # percent: what the recipe was chosen to reach


def findings(table: pd.DataFrame, runs: pd.DataFrame) -> list[str]:
    """One sentence or two on accuracy, its resolution, cost, and compilation."""
    lost, table, runs = left_out(table), table[table["n"] > 0], counted(runs)
    if table.empty:
        return [lost]
    texts = (lost, _accuracy(table), _resolution(table), _cost(table), _compilation(table, runs))
    return [text for text in texts if text]


def _accuracy(table: pd.DataFrame) -> str:
    if len(table) == 1:
        return f"`{table['cell'].iloc[0]}` reaches {plain(table['top1_mean'].iloc[0])} % top-1."
    low, high = table.loc[table["top1_mean"].idxmin()], table.loc[table["top1_mean"].idxmax()]
    below = list(table.loc[table["top1_mean"] < LEARNED, "cell"])
    learned = f"All {len(table)} exceed" if not below else f"All but {listing(f'`{c}`' for c in below)} exceed"
    if len(below) == len(table):
        learned = "None exceeds"
    return (
        f"Mean top-1 lies between {plain(low.top1_mean)} % (`{low.cell}`) and {plain(high.top1_mean)} % "
        f"(`{high.cell}`). {learned} {LEARNED:.0f} %."
    )


def _resolution(table: pd.DataFrame) -> str:
    images = int(table["val_images"].iloc[0])
    middle = table["top1_mean"].median()
    half = plain(binomial_half_width(middle, images))
    text = (
        f"One of {count(images)} validation images is {plain(100 / images)} percentage points, and an accuracy of "
        f"{plain(middle, 1)} % over so many images has a 95 % interval of ±{half} "
        "percentage points for the choice of images alone, which no number of seeds narrows."
    )
    spread = table["top1_sd"].dropna()
    if not spread.empty:
        text += f" The standard deviation over seeds goes up to {plain(spread.max())} percentage points."
    return text


def _cost(table: pd.DataFrame) -> str:
    steps = table.dropna(subset="step_milliseconds")
    if len(steps) < 2:
        return ""
    fast, slow = (steps.loc[steps["step_milliseconds"].agg(which)] for which in ("idxmin", "idxmax"))
    text = (
        f"A step takes {plain(fast.step_milliseconds, 1)} ms (`{fast.cell}`) to {plain(slow.step_milliseconds, 1)} ms "
        f"(`{slow.cell}`); these are wall times, and runs side by side slow each other down."
    )
    by_macs, by_params = (spearman(list(steps[name]), list(steps["step_milliseconds"])) for name in ("macs", "params"))
    if not math.isnan(by_macs) and not math.isnan(by_params):
        text += f" Its rank correlation with multiply-adds is {plain(by_macs)}, with parameters {plain(by_params)}."
        if by_macs < 0.5:
            text += " Multiply-adds alone do not say how fast a step is."
    return text


def _compilation(table: pd.DataFrame, runs: pd.DataFrame) -> str:
    compiling = int(table["compiling_runs"].sum())
    if not compiling:
        return (
            "Every first step found its program in the compilation cache, so no compile time was measured; an empty "
            "`.cache/jax` would show it."
        )
    seconds = table["compile_seconds"].dropna()
    text = (
        f"Compiling was measured in {words(compiling, 'run')} of {len(runs)}, in which the first step took "
        f"{plain(seconds.min(), 1)} to {plain(seconds.max(), 1)} s per architecture, tracing and execution included."
    )
    cached = table["cached_seconds"].dropna()
    if not cached.empty:
        text += f" Where the cache had the program it took {plain(cached.min(), 1)} to {plain(cached.max(), 1)} s."
    return text
