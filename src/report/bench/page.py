"""The page on timed training steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from report.bench.rows import FORMS, ONLY
from report.engine import citation
from report.engine.page import Block, Column, Page, Table

HEADER = (
    Column("Network"), Column("Batch"), "Ours, ms", "PyTorch, ms", Column("in the form"), "Ratio", "Quartiles",
    "Examples/s", "Share of matmul rate",
)  # fmt: skip


def page(rows: Sequence[Mapping[str, Any]], kept: Mapping[str, str]) -> Page:
    """The table with what it was measured on; ``kept`` is what is known of a record, if it is one."""
    tried = [row for row in rows if row["pytorch_form"] != ONLY]
    steps = Table(_steps_caption(rows, len(tried), kept), HEADER, [_step(row) for row in rows])
    blocks: list[Block] = [steps, *([_forms(tried)] if tried else [])]
    return Page(
        title="Training steps beside PyTorch",
        subtitle="",
        question="",
        book=citation.sentence("10", "11"),
        blocks=blocks,
        footer="Training steps beside PyTorch",
    )


def _step(row: Mapping[str, Any]) -> list[str]:
    return [
        row["model"],
        f"{row['batch_size']} × {row['image_size']} px" if row["image_size"] else f"{row['batch_size']} windows",
        f"{row['ours_ms']:,.0f}",
        f"{row['pytorch_ms']:,.0f}",
        row["pytorch_form"],
        f"{row['ratio']:.2f}",
        f"{row['ratio_lower_quartile']:.2f}–{row['ratio_upper_quartile']:.2f}",
        f"{row['images_per_second']:,.1f}",
        f"{row['share_of_matmul']:.0%}",
    ]


def _steps_caption(rows: Sequence[Mapping[str, Any]], tried: int, kept: Mapping[str, str]) -> str:
    row = rows[0]
    where = row["cpu"] if row["device"] == "cpu" else f"{row['device']} ({row['cpu']})"
    rates = [row["matmul_gflops"] for row in rows]
    rate = " to ".join(dict.fromkeys(f"{bound:,.0f}" for bound in (min(rates), max(rates)))) + " GFLOP/s"
    text = (
        f"A training step (forward, backward, AdamW) here and in PyTorch {row['torch']}, jax {row['jax']}: "
        f"medians of {row['rounds'] * row['starts']} steps each, taken in turns by two processes that were started "
        f"{row['starts']} times, on {where}, {row['threads']} threads, {row['precision']}. Ratio: ours over PyTorch's, "
        f"below 1 where ours is faster; its quartiles are of single rounds. Share: operations of the step over the "
        f"measured rate of a product of square matrices, {rate}."
    )
    if tried < len(rows):
        mode = "eager" if row["device"] == "cpu" else "compiled"
        text += (
            f" Where no other form was tried, PyTorch was {mode} and may be faster in another: such a ratio is no "
            "comparison with PyTorch at its best."
        )
    if kept:
        text = " ".join([text, f"Measured at commit {kept['commit'][:10]}.", kept.get("remark", "")]).strip()
    return text


def _forms(rows: Sequence[Mapping[str, Any]]) -> Table:
    """How long each form of PyTorch took."""
    caption = (
        f"A step of PyTorch alone in each form, ms: medians of {rows[0]['rounds']}, which chose the form above and are "
        "no part of its time there. Not compiled is eager; – could not be compiled here."
    )
    times = [[row[f"{form}_ms"] for form in FORMS] for row in rows]
    lines = [
        [row["model"], *("–" if time is None else f"{time:,.0f}" for time in line)]
        for row, line in zip(rows, times, strict=True)
    ]
    return Table(caption, (Column("Network"), *FORMS.values()), lines)
