"""``python -m report.bench``: the timed training steps of ``results/bench`` as one table, CSV and Markdown."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import pandas as pd

from netspec.ownership import write_all
from report import citation
from report.errors import ReportError, read_json, run
from report.escape import inline, texts
from report.markdown_table import table
from report.record import about

COLUMNS = (
    "model",
    "batch_size",
    "image_size",
    "precision",
    "ours_ms",
    "pytorch_ms",
    "ratio",
    "ratio_lower_quartile",
    "ratio_upper_quartile",
    "rounds",
    "starts",
    "images_per_second",
    "matmul_gflops",
    "share_of_matmul",
    "device",
    "cpu",
    "threads",
    "jax",
    "torch",
)


def row_of(path: Path) -> dict[str, Any]:
    """The row of one file that ``python -m train bench-step`` wrote. Raises :class:`ReportError`."""
    advice = "expected the output of `python -m train bench-step`; delete it and run again"
    found = read_json(path, advice, "step")
    lower, upper = found["quartiles"]
    found |= {"ratio_lower_quartile": lower, "ratio_upper_quartile": upper, **found["versions"]}
    missing = [name for name in COLUMNS if name not in found]
    if missing:
        raise ReportError(f"{path}: key 'versions.{missing[0]}' is missing; {advice}")
    return {name: found[name] for name in COLUMNS}


def page(rows: list[dict[str, Any]], recorded: dict[str, Any]) -> str:
    """The table in Markdown, with what it was measured on; ``recorded`` is what is known of a record, if it is one."""
    header = ("Network", "Batch", "Ours, ms", "PyTorch, ms", "Ratio", "Quartiles", "Images/s", "Share of matmul rate")
    lines = [
        (
            row["model"],
            f"{row['batch_size']} × {row['image_size']} px",
            f"{row['ours_ms']:,.0f}",
            f"{row['pytorch_ms']:,.0f}",
            f"{row['ratio']:.2f}",
            f"{row['ratio_lower_quartile']:.2f}–{row['ratio_upper_quartile']:.2f}",
            f"{row['images_per_second']:,.1f}",
            f"{row['share_of_matmul']:.0%}",
        )
        for row in rows
    ]
    row = rows[0]
    where = row["cpu"] if row["device"] == "cpu" else f"{row['device']} ({row['cpu']})"
    rates = [row["matmul_gflops"] for row in rows]
    rate = " to ".join(dict.fromkeys(f"{bound:,.0f}" for bound in (min(rates), max(rates)))) + " GFLOP/s"
    mode = "eager" if row["device"] == "cpu" else "compiled"
    note = (
        f"A training step (forward, backward, AdamW) here and in {mode} PyTorch {row['torch']}, jax {row['jax']}: "
        f"medians of {row['rounds'] * row['starts']} steps each, taken in turns by two processes that were started "
        f"{row['starts']} times, on {where}, {row['threads']} threads, {row['precision']}. Ratio: ours over PyTorch's, "
        f"below 1 where ours is faster; its quartiles are of single rounds. Share: operations of the step over the "
        f"measured rate of a product of square matrices, {rate}."
    )
    if recorded:
        note = " ".join([note, f"Measured at commit {recorded['commit'][:10]}.", recorded.get("remark", "")]).strip()
    book = citation.sentence("10.3")
    return f"# Training steps beside PyTorch\n\n{table(header, texts(lines))}\n\n{inline(note)}\n\n{inline(book)}\n"


def _write(options: argparse.Namespace) -> None:
    rows = [row_of(path) for path in options.steps]
    csv = pd.DataFrame(rows, columns=list(COLUMNS)).to_csv(index=False)
    text = page(rows, about(options.steps[0].parent))
    write_all({options.out: csv.encode(), options.page: text.encode()})


def main(arguments: list[str] | None = None) -> int:
    """Write the table and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m report.bench", description=__doc__)
    parser.add_argument("steps", type=Path, nargs="+", help="outputs of `python -m train bench-step`")
    parser.add_argument("--out", type=Path, required=True, help="table as CSV")
    parser.add_argument("--page", type=Path, required=True, help="table in Markdown")
    parser.set_defaults(run=_write, writes=("out", "page"))
    return run(parser, arguments)


if __name__ == "__main__":
    sys.exit(main())
