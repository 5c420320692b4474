"""What the numbers of the networks say, in sentences made from them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from report.engine.formats import count, listing, plain, signed, words
from report.imagenette import book
from report.runs.divergence import left_out
from report.runs.feeding import starved
from report.runs.statistics import binomial_half_width, spearman

if TYPE_CHECKING:
    import pandas as pd


def findings(table: pd.DataFrame, floor: float) -> list[str]:
    """Accuracy against the book's, its resolution, fit, speed; ``floor`` is what smoothing leaves of the loss."""
    lost = left_out(table)
    table = table[table["n"] > 0]
    if table.empty:
        return [lost]
    texts = [lost, _order(table), _agreement(table), _resolution(table), _fit(table, floor)]
    return [text for text in [*texts, speed(table), starved(table)] if text]


def _order(table: pd.DataFrame) -> str:
    ranked = table.sort_values("top1_mean", ascending=False)
    return f"Top-1 by descending mean: {listing(f'`{r.cell}` {plain(r.top1_mean)} %' for r in ranked.itertuples())}."


def _agreement(table: pd.DataFrame) -> str:
    shared = table[table["gap"].notna()]
    if shared.empty:
        return ""
    far = shared.loc[shared["gap"].abs().idxmax()]
    text = (
        f"From the book’s printed figures {words(len(shared), 'network')} of ours "
        f"{'differs' if len(shared) == 1 else 'differ'} by "
        f"{signed(shared['gap'].mean())} points on average, most `{far.cell}` ({signed(far.gap)})."
    )
    rho = spearman(list(shared["top1_mean"]), list(shared["book_top1"]))
    if not math.isnan(rho):
        text += f" The rank correlation is {plain(rho)}."
    for row in shared.itertuples():
        if book.before_correction(book.rows()[row.book_row]) and not math.isnan(row.book_rerun_top1):
            text += (
                f" For `{row.cell}`, whose printed run started from a faulty initialisation, the companion "
                f"repository’s rerun of August 2026 gives {plain(row.book_rerun_top1)} %, from which ours differs by "
                f"{signed(row.top1_mean - row.book_rerun_top1)}."
            )
    return text


def _resolution(table: pd.DataFrame) -> str:
    images, middle = int(table["val_images"].iloc[0]), table["top1_mean"].median()
    text = (
        f"An accuracy of {plain(middle, 1)} % over {count(images)} images has a 95 % interval of "
        f"±{plain(binomial_half_width(middle, images))} points for the choice of images alone"
    )
    spread = table["top1_sd"].dropna()
    return text + (
        f"; the standard deviation over seeds goes up to {plain(spread.max())} points." if not spread.empty else "."
    )


def _fit(table: pd.DataFrame, floor: float) -> str:
    known = table[table["train_loss"].notna()]
    if known.empty:
        return ""
    low, high = known.loc[known["train_loss"].idxmin()], known.loc[known["train_loss"].idxmax()]
    least = "" if math.isnan(floor) else f"Smoothed labels leave a loss of at least {plain(floor, 4)}. "
    return (
        f"{least}The last epoch’s training loss lies between {plain(low.train_loss, 4)} (`{low.cell}`) and "
        f"{plain(high.train_loss, 4)} (`{high.cell}`)."
    )


def speed(table: pd.DataFrame) -> str:
    """Which steps are quick and which slow."""
    steps = table.dropna(subset="step_milliseconds")
    if len(steps) < 2:
        return ""
    fast, slow = (steps.loc[steps["step_milliseconds"].agg(which)] for which in ("idxmin", "idxmax"))
    return (
        f"A step takes {plain(fast.step_milliseconds, 1)} ms (`{fast.cell}`) to {plain(slow.step_milliseconds, 1)} ms "
        f"(`{slow.cell}`). These are wall times on the hardware named below, the book’s on its own."
    )
