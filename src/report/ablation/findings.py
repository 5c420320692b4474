"""What the numbers say, in sentences made from them; no verdict here is typed by hand."""

from __future__ import annotations

import pandas as pd

from report.ablation import book
from report.ablation.table import BASELINE
from report.engine.formats import count, listing, plain, signed, spelled, words
from report.runs import divergence
from report.runs.statistics import LEVEL, binomial_half_width, spearman

PERCENT = f"{100 * LEVEL:g} %"


def findings(cells: pd.DataFrame) -> list[str]:
    """The sentences for the table, in the order in which a reader would ask."""
    lost = [text for text in [divergence.left_out(cells)] if text]
    if BASELINE not in set(cells["cell"]):
        alone = f"No cell is named `{BASELINE}`, so there is nothing to take differences from; accuracies stand alone."
        return [*lost, alone]
    if not cells.loc[cells["cell"] == BASELINE, "n"].iloc[0]:
        return [*lost, f"No run of `{BASELINE}` is left, so there is nothing to take differences from."]
    compared = cells[cells["difference"].notna()]
    if compared.empty and len(cells) > 1:
        return [*lost, f"No run has a run of `{BASELINE}` with the same seed left to compare it with."]
    if compared.empty:
        return [*lost, f"`{BASELINE}` is the only cell, so there are no differences to report."]
    sentences = [*lost, _extremes(compared)]
    known = compared[compared["interval_low"].notna()]
    if not known.empty:
        sentences += [_intervals(known), _multiplicity(known), *_single(compared.drop(known.index))]
    else:
        sentences.append(
            "With a single seed no interval can be given, and none of the differences can be told from noise."
        )
    sentences += [_resolution(cells), *_agreement(compared)]
    return sentences


def _named(rows: pd.DataFrame) -> str:
    ordered = rows.sort_values("difference", ascending=False)
    return listing(f"`{row.cell}` ({signed(row.difference)})" for row in ordered.itertuples())


def _extremes(compared: pd.DataFrame) -> str:
    best = compared.loc[compared["difference"].idxmax()]
    worst = compared.loc[compared["difference"].idxmin()]
    above = int((compared["difference"] > 0).sum())
    if len(compared) == 1:
        return f"`{best.cell}` differs from bare by {signed(best.difference)} points on average."
    share = {0: "None of ", len(compared): "All "}.get(above, f"{spelled(above).capitalize()} of ")
    return (
        f"{share}{words(len(compared), 'cell')} {'lies' if above == 1 else 'lie'} above bare on average; "
        f"differences reach from {signed(worst.difference)} points for `{worst.cell}` to "
        f"{signed(best.difference)} points for `{best.cell}`."
    )


def _intervals(compared: pd.DataFrame) -> str:
    # Seeds that all differ from bare by the same count of images leave no spread to estimate: that is the coarseness of
    # counting, not certainty.
    equal = compared[compared["difference_sd"] == 0]
    compared = compared.drop(equal.index)
    above, below = compared[compared["interval_low"] > 0], compared[compared["interval_high"] < 0]
    rest = compared.drop(above.index).drop(below.index)
    coarse = f" All seeds of {_named(equal)} differ from bare by the same count, so no interval can be estimated."
    coarse = "" if equal.empty else coarse
    if compared.empty:
        return coarse.strip()
    if above.empty and below.empty:
        return f"No paired {PERCENT} interval excludes zero: this run does not resolve any of the differences.{coarse}"
    parts = []
    if not above.empty:
        parts.append(f"lies above zero for {_named(above)}")
    if not below.empty:
        parts.append(f"lies below zero for {_named(below)}")
    if not rest.empty:
        parts.append(f"includes zero for {_named(rest)}")
    return f"The paired {PERCENT} interval {'; it '.join(parts)}.{coarse}"


def _multiplicity(compared: pd.DataFrame) -> str:
    m = len(compared)
    if m < 2:
        return "A single comparison needs no adjustment."
    kept = compared[compared["p_holm"] < 1 - LEVEL]
    remain = f"{_named(kept)} still {_differ(kept)}" if not kept.empty else "none of the differences remains"
    return (
        f"These are {spelled(m)} intervals at {PERCENT} each, all against the same bare runs: if no augmentation did "
        f"anything, {plain(m * (1 - LEVEL), 1)} of them would exclude zero on average. Adjusted for "
        f"{spelled(m)} comparisons (Holm, 5 %), {remain}."
    )


def _single(compared: pd.DataFrame) -> list[str]:
    """The differences that rest on one pair of runs."""
    return [] if compared.empty else [f"{_named(compared)} rests on a single pair of runs and has no interval."]


def _differ(rows: pd.DataFrame) -> str:
    return "differs from bare" if len(rows) == 1 else "differ from bare"


def _resolution(cells: pd.DataFrame) -> str:
    bare = cells[cells["cell"] == BASELINE].iloc[0]
    half = binomial_half_width(bare.top1_mean, int(bare.val_images))
    return (
        f"All runs share one validation set, so the intervals say nothing of how well its {count(bare.val_images)} "
        f"images stand for new ones; for one accuracy near bare’s that is another ±{plain(half, 1)} points ({PERCENT}, "
        "binomial)."
    )


def _agreement(compared: pd.DataFrame) -> list[str]:
    shared = compared[compared["book_difference"].notna()]
    if shared.empty:
        return []
    signs = {
        against: int(((shared["difference"] > 0) == (shared[column] > 0)).sum())
        for against, column in (
            ("its printed bare", "book_difference"),
            ("the corrected bare", "book_difference_corrected"),
        )
        if shared[column].notna().all()
    }
    agreed = " and ".join(f"for {spelled(n)} against {against}" for against, n in signs.items())
    sentences = [
        f"Of the {words(len(shared), 'difference')} that the book has too, the sign agrees with the book’s {agreed}."
    ]
    rho = spearman(shared["difference"].tolist(), shared["book_difference"].tolist())
    if rho == rho:  # fewer than three cells, or all equal, have no rank correlation
        sentences.append(
            f"Spearman’s rank correlation between our differences and the book’s is {plain(rho)} (n = {len(shared)}, "
            "bare excluded); the choice of the book’s baseline shifts all its differences alike and does not enter."
        )
    return sentences


def book_notes(rows: list[book.BookRow]) -> list[tuple[str, str]]:
    """Footnotes to the book's figures as (mark, sentence); a mark repeats in the table on the cells it concerns."""
    notes = []
    scored = {(row.integer("val_images_scored"), row.integer("val_images_total")) for row in rows}
    seeds = {row.integer("seed_runs") for row in rows}
    if rows:
        counts = listing(f"{count(a)} of {count(b)}" for a, b in sorted(scored))
        notes.append(("", f"Book: {words(max(seeds), 'seed')} per cell, scored on {counts} validation images."))
    if any(not row.log_kept for row in rows):
        notes.append(("†", "No log of this figure is kept."))
    for row in rows:
        if row.faulty_initialisation:
            date = row.columns["init"].partition("(")[2].rstrip(")")
            fault = (
                f"Trained with a defective initialisation ({date}), hence not comparable with the book’s other cells."
            )
            notes.append(("‡", fault))
    return notes


def marks(row: book.BookRow) -> str:
    """The footnote marks of one of the book's figures."""
    return ("‡" if row.faulty_initialisation else "") + ("" if row.log_kept else "†")
