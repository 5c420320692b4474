"""The book's side: the ImageNet runs of ch. 10.5 and of the companion repository, and their curves."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from report.engine import reference
from report.engine.reference import Row

if TYPE_CHECKING:
    import pandas as pd

DATASET = "imagenet"  # name in config/datasets of what the runs are on


@cache
def rows() -> dict[str, Row]:
    """Every run as ``model, run``, in the order of the file."""
    return reference.rows("book_imagenet.csv", lambda record: f"{record['model']}, {record['run']}")


def accuracy(row: Row, top: int) -> float:
    """Top-1 or top-5 in percent over all 50,000 images where those were scored at the end, else as in training."""
    full = row.number(f"top{top}_full50k")
    return full if full == full else row.number(f"top{top}_training")


def curves() -> pd.DataFrame:
    """Validation accuracy by epoch of the runs whose log is kept: ``book_row, epoch, top1, top5`` in percent."""
    frame = reference.frame("book_imagenet_curve.csv")
    named = frame.assign(book_row=frame["model"].map({_curve_name(row): name for name, row in rows().items()}))
    return named[named["book_row"].notna()][["book_row", "epoch", "top1", "top5"]]


def _curve_name(row: Row) -> str:
    """What the curves call a run: the model, and of a model's second run its recipe; speeds have no curve."""
    if "throughput" in row.columns["run"]:
        return f"{row.columns['model']} (no curve)"
    long = row.columns["run"].startswith("300")
    return f"{row.columns['model']} (300-epoch DeiT recipe)" if long else row.columns["model"]
