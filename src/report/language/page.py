"""Language models beside counting: losses, losses by position, and texts that were drawn from them."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import TYPE_CHECKING

from report.engine.formats import count, listing, plain, signed
from report.engine.page import Block, Column, Section, Table
from report.learned.about import About, Panel
from report.learned.figure import SHADES
from report.learned.files import json_of, rows_of
from report.learned.page import report_of
from report.runs.load import Cell

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from report.runs.command import Trained

#: Names of the models that count, as a reader knows them; the number is the order.
COUNTING = {
    "uniform": "all tokens alike",
    "witten-bell-5": "Witten–Bell, order 5",
    "kneser-ney-6": "interpolated Kneser–Ney, order 6",
    "kneser-ney-8": "interpolated Kneser–Ney, order 8",
}
#: Characters of a sampled text that are shown.
SHOWN = 240


def _counting(trained: Trained) -> dict[str, float]:
    """What each model that counts reaches, the same for all runs on one text with one length of window."""
    return json_of(trained.cells[0].first, "baselines.json")


def tables(trained: Trained) -> list[Block]:
    """Every cell and every model that counts, by what they reach, in nats and bits."""
    cells = [cell for cell in trained.cells if cell.counted]
    if not cells:
        return []
    counted = _counting(trained)
    found = {COUNTING[name]: (counted[name], "") for name in COUNTING}
    for cell in cells:
        values = [run.metric("val_loss") for run in cell.counted]
        ends = f"{plain(min(values), 3)} to {plain(max(values), 3)}" if len(values) > 1 else ""
        found[f"`{cell.name}`"] = (fmean(values), ends)
    rows = [
        [name, plain(nats, 3), plain(nats / 0.6931471805599453, 3), ends]
        for name, (nats, ends) in sorted(found.items(), key=lambda item: item[1][0])
    ]
    caption = (
        "Networks and models that count, fitted on the same training text "
        f"({count(counted['training_tokens'])} tokens) and scored on the same {count(counted['scored_tokens'])} tokens "
        "of the held-out text: each with at least half a window before it, once. Models that count back off to shorter "
        "runs of tokens, down to all tokens alike."
    )
    return [Table(caption, (Column("Model", "1fr"), "Nats per token", "Bits per token", "Seeds"), rows)]


def findings(trained: Trained) -> list[str]:
    """How far each cell is from the models that count, on its worst seed too."""
    counted, sentences = _counting(trained), []
    for cell in trained.cells:
        values = [run.metric("val_loss") for run in cell.counted]
        if not values:
            continue
        parts = []
        for name, nats in counted.items():
            if name in COUNTING and name != "uniform":
                worst = max(values) - nats
                every = "on every seed" if worst < 0 else "on no seed" if min(values) > nats else "on some seeds"
                parts.append(f"{COUNTING[name]} by {signed(fmean(values) - nats, 3)} ({every} below)")
        sentences.append(f"`{cell.name}` differs from {listing(parts)}, in nats per token.")
    return sentences


def by_position(panel: Axes, cells: Sequence[Cell]) -> None:
    """The mean over seeds of the loss at each position of a window."""
    for cell, shade in zip(cells, SHADES * len(cells), strict=False):
        runs = [rows_of(run, "positions.csv", "tokens_before", "loss") for run in cell.counted]
        if runs:
            at = [row["tokens_before"] for row in runs[0]]
            panel.plot(
                at,
                [fmean(row["loss"] for row in rows) for rows in zip(*runs, strict=True)],
                color=shade,
                label=cell.name,
            )
    panel.set_xscale("log", base=2)
    panel.set_xlabel("Tokens seen before")
    panel.set_ylabel("Loss (nats)")


def pictures(trained: Trained) -> list[Block]:
    """Texts drawn at three temperatures from the first seed of every cell."""
    blocks: list[Block] = []
    for cell in trained.cells:
        if not cell.counted:
            continue
        said = json_of(cell.first, "samples.json")
        rows = [[temperature, _line(text)] for temperature, texts in said["temperatures"].items() for text in texts[:1]]
        blocks.append(
            Section(
                f"Texts drawn from {cell.name}",
                lead=f"Each begins with “{_line(said['prompt'])}”, the first tokens of the held-out text; seed "
                f"{cell.first.seed}. Line breaks are shown as ⏎.",
                header=("Temperature", "Text"),
                rows=rows,
            )
        )
    return blocks


def _line(text: str) -> str:
    """A text on one line, without what would end a column or begin code."""
    short = text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
    return " ".join(short.replace("\n", " ⏎ ").replace("`", "ˋ").split())


REPORT = report_of(
    About(
        task="language",
        title="A small transformer learns text",
        question=(
            "Does TinyGPT, the network of ch. 11.2.6, predict a text that it was not trained on better than "
            "counting does? The loss is the mean surprise at every held-out token; models that count runs of tokens "
            "and back off to shorter ones are fitted on the same text."
        ),
        metrics=("loss", "bits", "block_loss", "accuracy"),
        demos=("TinyGPT", "TinyStories"),
        panel=Panel("loss by the number of tokens that the network has seen before, mean over seeds.", by_position),
        tables=tables,
        pictures=pictures,
        findings=findings,
    )
)
