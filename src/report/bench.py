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
    "pytorch_form",
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
    "nchw_ms",
    "channels_last_ms",
    "nchw_compiled_ms",
    "channels_last_compiled_ms",
)
#: Forms of a network in PyTorch by their names in :data:`train.measure.step.FORMS`.
FORMS = {
    "nchw": "NCHW",
    "channels_last": "channels-last",
    "nchw_compiled": "NCHW, compiled",
    "channels_last_compiled": "channels-last, compiled",
}
#: The same of a row that was measured before forms were compared.
ONLY = "NCHW, no other tried"


def row_of(path: Path) -> dict[str, Any]:
    """The row of one file that ``python -m train bench-step`` wrote. Raises :class:`ReportError`.

    A file that names no form is of a time when PyTorch was timed in NCHW only; forms without a time have ``None``.
    """
    advice = "expected the output of `python -m train bench-step`; delete it and run again"
    found = read_json(path, advice, "step")
    lower, upper = found["quartiles"]
    found |= {"ratio_lower_quartile": lower, "ratio_upper_quartile": upper, **found["versions"]}
    times, form = found.get("pytorch_forms_ms", {}), found.get("pytorch_form")
    found |= {f"{name}_ms": times.get(name) for name in FORMS}
    found["pytorch_form"] = FORMS[form] if form else ONLY
    missing = [name for name in COLUMNS if name not in found]
    if missing:
        raise ReportError(f"{path}: key 'versions.{missing[0]}' is missing; {advice}")
    return {name: found[name] for name in COLUMNS}


def page(rows: list[dict[str, Any]], recorded: dict[str, Any]) -> str:
    """The table in Markdown, with what it was measured on; ``recorded`` is what is known of a record, if it is one."""
    header = (
        "Network",
        "Batch",
        "Ours, ms",
        "PyTorch, ms",
        "in the form",
        "Ratio",
        "Quartiles",
        "Images/s",
        "Share of matmul rate",
    )
    lines = [
        (
            row["model"],
            f"{row['batch_size']} × {row['image_size']} px",
            f"{row['ours_ms']:,.0f}",
            f"{row['pytorch_ms']:,.0f}",
            row["pytorch_form"],
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
    note = (
        f"A training step (forward, backward, AdamW) here and in PyTorch {row['torch']}, jax {row['jax']}: "
        f"medians of {row['rounds'] * row['starts']} steps each, taken in turns by two processes that were started "
        f"{row['starts']} times, on {where}, {row['threads']} threads, {row['precision']}. Ratio: ours over PyTorch's, "
        f"below 1 where ours is faster; its quartiles are of single rounds. Share: operations of the step over the "
        f"measured rate of a product of square matrices, {rate}."
    )
    tried = [row for row in rows if row["pytorch_form"] != ONLY]
    if len(tried) < len(rows):
        mode = "eager" if row["device"] == "cpu" else "compiled"
        note += (
            f" Where no other form was tried, PyTorch was {mode} and may be faster in another: such a ratio is no "
            "comparison with PyTorch at its best."
        )
    if recorded:
        note = " ".join([note, f"Measured at commit {recorded['commit'][:10]}.", recorded.get("remark", "")]).strip()
    book = inline(citation.sentence("10.3"))
    steps = f"{table(header, texts(lines))}\n\n{inline(note)}\n{_forms(tried)}"
    return f"# Training steps beside PyTorch\n\n{steps}\n{book}\n"


def _forms(rows: list[dict[str, Any]]) -> str:
    """How long each form of PyTorch took, in Markdown; nothing for rows that compared none."""
    if not rows:
        return ""
    times = [[row[f"{form}_ms"] for form in FORMS] for row in rows]
    lines = [
        (row["model"], *("–" if time is None else f"{time:,.0f}" for time in line))
        for row, line in zip(rows, times, strict=True)
    ]
    note = (
        f"A step of PyTorch alone in each form, ms: medians of {rows[0]['rounds']}, which chose the form above and are "
        "no part of its time there. Not compiled is eager; – could not be compiled here."
    )
    return f"\n## Forms of PyTorch\n\n{table(('Network', *FORMS.values()), texts(lines))}\n\n{inline(note)}\n"


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
