"""What the numbers of the ImageNet runs say, in sentences made from them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from report.engine.formats import brief, count, listing, plain, signed
from report.imagenet import book
from report.imagenet.table import collapsed
from report.runs.divergence import left_out
from report.runs.feeding import starved
from report.runs.statistics import binomial_half_width

if TYPE_CHECKING:
    import pandas as pd


def findings(table: pd.DataFrame) -> list[str]:
    """Accuracy against the book's, speed by precision, collapse, and whether images come fast enough."""
    theirs, lost = table["dataset"].iloc[0] == book.DATASET, left_out(table)
    table = table[table["n"] > 0]
    if table.empty:
        return [lost]
    texts = [_accuracy(table), _precision(table, theirs), lost, *_collapse(table), starved(table)]
    return [text for text in texts if text]


def trained_through(table: pd.DataFrame) -> pd.DataFrame:
    """The rows whose accuracy means something: more than one epoch, and not collapsed."""
    good = [row.epochs > 1 and not collapsed(row) for row in table.itertuples()]
    return table[good]


def _accuracy(table: pd.DataFrame) -> str:
    parts = []
    for row in trained_through(table).itertuples():
        text = f"`{row.cell}` reaches {plain(row.top1_mean)} % top-1 and {plain(row.top5_mean)} % top-5"
        if not math.isnan(row.gap_top1):
            text += f", {signed(row.gap_top1)} and {signed(row.gap_top5)} points from the book’s"
        parts.append(text)
    if not parts:
        return ""
    images = int(table["val_images"].iloc[0])
    half = binomial_half_width(trained_through(table)["top1_mean"].median(), images)
    return f"{'; '.join(parts)}. Over {count(images)} images a top-1 is known to ±{plain(half)} points (95 %)."


def _precision(table: pd.DataFrame, theirs: bool) -> str:
    """Pairs of cells that are one network at one batch in two precisions."""
    sentences = []
    steps = table.dropna(subset="step_milliseconds")
    for (model, batch), rows in steps.groupby(["model", "batch_size"], sort=False):
        by = {row.precision: row for row in rows.iloc[::-1].itertuples()}  # the first of each stays
        if len(by) < 2:
            continue
        slow, fast = by["float32"], by["bfloat16"]
        text = (
            f"`{model}` at batch {batch}: a step takes {plain(slow.step_milliseconds, 1)} ms in float32 and "
            f"{plain(fast.step_milliseconds, 1)} ms in bfloat16, a factor of "
            f"{plain(slow.step_milliseconds / fast.step_milliseconds)}"
        )
        if theirs and not math.isnan(slow.book_step_milliseconds / fast.book_step_milliseconds):
            text += f" (the book: {plain(slow.book_step_milliseconds / fast.book_step_milliseconds)})"
        if slow.epochs < fast.epochs:
            text += (
                f"; the {count(fast.epochs)} epochs that bfloat16 took {brief(fast.wall_seconds)} for would take "
                f"float32 {brief(slow.epoch_seconds * fast.epochs)}, from {count(slow.epochs)} of them"
            )
        sentences.append(text + ".")
    return " ".join(sentences)


def _collapse(table: pd.DataFrame) -> list[str]:
    rows = [row for row in table.itertuples() if collapsed(row)]
    chance = plain(table["chance_loss"].iloc[0], 3)
    if not rows:
        return [f"No cell that is left collapsed: every last validation loss is below {chance}, that of chance."]
    ended = listing(f"`{row.cell}` ({plain(row.val_loss, 3)})" for row in rows)
    return [f"At chance, a validation loss of {chance}, or beyond ended {ended}."]
