"""What optimizers cost, what they reach in equal steps and equal time, and who survives ten times the rate."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from report.comparison import budgets
from report.comparison.content import width
from report.comparison.settings import Setting
from report.engine.formats import NONE, duration, listing, number, plain, scaled, words
from report.engine.page import Cell, Column, Table

if TYPE_CHECKING:
    import pandas as pd


def costs(setting: Setting, table: pd.DataFrame, concludes: bool = True) -> Table:
    """A row per variant, by rising loss at equal steps; where it ``concludes``, a sentence on who survives."""
    rows = table[table["setting"] == setting.name].sort_values("loss", na_position="last", kind="stable")
    params = rows["params"].iloc[0]
    header = (
        Column("Variant"), "Best rate", "Within 5 %", "Loss at\nequal steps", "Loss at\nequal time",
        "Step\n(ms)" if setting.steps else "Step,\nleast (ms)", "State", "Numbers a\nparameter", "Ten times\nthe rate",
        "Keeps\nthere", "Diverged\nthere",
    )  # fmt: skip
    made = []
    for _, row in rows.iterrows():
        tried = not math.isnan(row["larger_rate"])
        share = NONE if math.isnan(row["kept"]) else f"{100 * row['kept']:.0f} %"
        lost = int(row["diverged_at_larger"]) if tried else 0
        state = row["optimizer_bytes"]
        made.append(
            [
                f"`{row['variant']}`", NONE if math.isnan(row["best_rate"]) else number(row["best_rate"]), width(row),
                plain(row["loss"], 3), plain(row["loss_at_equal_time"], 3), plain(row["least_step_milliseconds"], 1),
                NONE if math.isnan(state) else "{} {}B".format(*scaled(state)),
                NONE if math.isnan(state) else plain(state / 4 / params, 2),
                number(row["larger_rate"]) if tried else "not tried", Cell(share, alarm=row["kept"] < 0.5),
                f"{lost} of {len(setting.seeds)}" if tried else NONE,
            ]
        )  # fmt: skip
    said = f" {survival(rows)}" if concludes else ""
    return Table(f"{setting.title}. {_explained(setting)}{said}", header, made)


def _explained(setting: Setting) -> str:
    budget = budgets.seconds(setting)
    time = "" if math.isnan(budget) else f" ({duration(budget)} of steps)"
    least = "the least time of a step over the runs of each, since others may share the machine"
    by = "times of steps taken in turns" if setting.steps else least
    return (
        "Validation loss, mean over the judged seeds, after all steps and after the time that the fastest variant "
        f"takes for them{time}, by {by}. "
        "State in numbers of four bytes for each parameter of the network. Keeps: at ten times the best rate, the "
        "share of what is learned at the best one, by the loss below that of guessing, over "
        f"{words(len(setting.seeds), 'seed')}; one that diverged keeps nothing."
    )


def survival(rows: pd.DataFrame) -> str:
    """One sentence: who keeps at least half, who does not, and where that was not tried."""
    alive, dead, unknown = budgets.survivors(list(zip(rows["variant"], rows["kept"], strict=True)))
    parts = []
    for names, said in ((alive, "keep at least half"), (dead, "keep less")):
        if names:
            parts.append(f"{listing(f'`{name}`' for name in names)} {said if len(names) > 1 else _one(said)}")
    if unknown:
        verb = "were" if len(unknown) > 1 else "was"
        parts.append(f"{listing(f'`{name}`' for name in unknown)} {verb} not tried there")
    return f"At ten times the rate {'; '.join(parts)}."


def _one(said: str) -> str:
    return said.replace("keep", "keeps", 1)
