"""The book's side: its table of ch. 10.3 with the companion repository's further runs, and the log it prints."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from report.ablation import book
from report.engine import reference
from report.engine.reference import Row

if TYPE_CHECKING:
    import pandas as pd


@cache
def rows() -> dict[str, Row]:
    """Every network by its name in the file."""
    return reference.rows("book_imagenette_models.csv", lambda record: record["model"])


def scored() -> tuple[int, int]:
    """Validation images that were scored, and those that there are; the same runs' protocol as in the ablation."""
    row = next(iter(book.printed().values()))
    return row.integer("val_images_scored"), row.integer("val_images_total")


def before_correction(row: Row) -> bool:
    """Whether the run started from the faulty initialisation; only that of the transformer did."""
    return "predates the init correction" in row.columns["remark"]


def log_of(row: Row) -> pd.DataFrame:
    """What the log of the printed run says by epoch, without rows where none is kept.

    Columns ``epoch, train_loss, lr, val_acc``; accuracy in percent, known every tenth epoch.
    """
    curves = reference.frame("book_ablation_curves.csv")
    found = curves[(curves["architecture"] == row.name) & curves["cell"].str.endswith("-bare")]
    return found[["epoch", "train_loss", "lr", "val_acc"]].reset_index(drop=True)


def curves() -> pd.DataFrame:
    """Validation top-1 of the logged runs as ``book_row, epoch, value`` in percent."""
    import pandas as pd

    parts = [log_of(row).assign(book_row=name) for name, row in rows().items()]
    frame = pd.concat([part for part in parts if not part.empty], ignore_index=True)
    return frame[frame["val_acc"].notna()].rename(columns={"val_acc": "value"})[["book_row", "epoch", "value"]]
