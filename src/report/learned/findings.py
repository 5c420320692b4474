"""What the numbers of a report on a task say: the first cell, and how the others differ from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from report.engine.formats import plain, signed, words
from report.learned.about import About

if TYPE_CHECKING:
    from report.runs.command import Trained


def findings(about: About, trained: Trained) -> list[str]:
    """A sentence per cell; what the task itself has to say comes after."""
    metric = next(one for one in about.of.metrics if one.name == about.headline)
    places, sentences = about.places(metric.name), []
    unit = {"%": " points", "": ""}.get(metric.unit, f" {metric.unit}")
    rows = trained.table[trained.table["n"] > 0]
    for row in rows.itertuples():
        mean = plain(getattr(row, f"{metric.name}_mean"), places)
        shown = f"{mean} {metric.unit}".rstrip()
        sentence = f"`{row.cell}`: {metric.label} {shown}"
        difference = getattr(row, f"{metric.name}_difference")
        if difference == difference:
            low, high = (getattr(row, f"{metric.name}_{end}") for end in ("low", "high"))
            sentence += f", {signed(difference, places)}{unit} from `{trained.table['cell'].iloc[0]}`"
            if low == low:
                sentence += f" (paired 95 % interval {signed(low, places)} to {signed(high, places)}, n = {row.n}"
                several = (trained.table[f"{metric.name}_p"].notna()).sum() > 1
                sentence += f"; p = {getattr(row, f'{metric.name}_p_holm'):.2g}{' after Holm' if several else ''})"
                better = (difference > 0) == (metric.better == "up")
                apart = low > 0 or high < 0
                sentence += f": {'better' if better else 'worse'}" if apart else ": no difference can be told"
        sentences.append(f"{sentence}.")
    if trained.n == 1 and len(rows) > 1:
        sentences.append(f"With {words(1, 'seed')} there is no interval; what differs may be chance.")
    return sentences + about.findings(trained)
