"""The book's side: the printed table of ch. 10.4, the later reruns of its baseline, the companion repository's ablation
of ConvNeXt-T, and the curves whose logs are kept.

Every figure is read from ``netspec/reference/*.csv``, where each row states its source. Only what those files have no
column for stands here, in :data:`PROTOCOL`.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from report.engine import reference

if TYPE_CHECKING:
    import pandas as pd

# Facts common to all rows: the companion repository trains in 32-bit floats throughout and draws every augmentation on
# the host from xorshift64 streams.
PROTOCOL = {"precision": "fp32", "semantics": "book", "streams": "xorshift64 streams on the host"}

PREFIX = "vit-tiny-"
#: Names of the ablation of ConvNeXt-T: this for its bare cell, and with a hyphen and the augmentation for the others.
CONVNEXT = "convnext-tiny-gelu"


@dataclass(frozen=True)
class BookRow:
    """One row of the book's ablation: figures in percent and points, and the file's columns as text."""

    name: str
    top1: float
    difference: float
    difference_corrected: float
    columns: Mapping[str, str]

    @property
    def printed(self) -> bool:
        """Whether the chapter prints the row; the reruns of the baseline came later."""
        return self.columns["in_chapter"] == "yes"

    @property
    def log_kept(self) -> bool:
        """Whether a log of the run that produced the figure exists."""
        return not self.columns["evidence"].startswith("no log")

    @property
    def faulty_initialisation(self) -> bool:
        """Whether the run started from the initialisation that was corrected on 2026-04-22."""
        return self.columns["init"].startswith("defective")

    @property
    def short(self) -> str:
        """The name without the model's prefix, and with the date of a rerun."""
        return self.name.removeprefix(PREFIX).removeprefix(f"{CONVNEXT}-")

    @property
    def bare(self) -> bool:
        """Whether the row is the baseline of its table."""
        return self.name in (PREFIX + "bare", CONVNEXT)

    def integer(self, column: str) -> int:
        """A column that holds a whole number."""
        return int(self.columns[column])

    def number(self, column: str) -> float:
        """A column that holds a number."""
        return float(self.columns[column])

    @property
    def classes(self) -> int | None:
        """The number of classes, which the file states inside the data set's name."""
        found = re.search(r"\((\d+) classes\)", self.columns["dataset"])
        return int(found[1]) if found else None


@cache
def rows() -> dict[str, BookRow]:
    """All rows by name, in the order of the files: the book's by descending accuracy, the reruns, ConvNeXt-T's."""
    result = {}
    for record in csv.DictReader(reference.text("book_ablation.csv").splitlines()):
        result[record["cell"]] = BookRow(
            name=record["cell"],
            top1=float(record["val_acc_percent"]),
            difference=float(record["delta_vs_bare_unrounded"]),
            difference_corrected=float(record["delta_vs_corrected_bare_2026_06"]),
            columns=record,
        )
    return result | _convnext(result)


def _convnext(transformer: Mapping[str, BookRow]) -> dict[str, BookRow]:
    """The ablation of ConvNeXt-T, run on the same pipeline after the correction: one baseline, nothing to correct.

    What its file has no column for, data and augmentation, is that of the transformer's cell of the same name.
    """
    result = {}
    for record in csv.DictReader(reference.text("book_ablation_convnext.csv").splitlines()):
        name = record["cell"]
        same = transformer[PREFIX + (name.removeprefix(f"{CONVNEXT}-") if name != CONVNEXT else "bare")].columns
        own = {key: value for key, value in record.items() if value}
        logged = {"init": "corrected", "evidence": "log kept" if record["val_correct"] else "no log kept"}
        result[name] = BookRow(
            name=name,
            top1=float(record["val_acc_percent"]),
            difference=float(record["delta_vs_bare"]),
            difference_corrected=math.nan,
            columns={**same, **own, **logged, "in_chapter": "no"},
        )
    return result


def printed() -> dict[str, BookRow]:
    """The rows of the chapter's table."""
    return {name: row for name, row in rows().items() if row.printed}


def comparable() -> dict[str, BookRow]:
    """The rows that a cell can name: the chapter's table and that of ConvNeXt-T."""
    return {name: row for name, row in rows().items() if row.printed or name.startswith(CONVNEXT)}


def reruns() -> list[BookRow]:
    """The baseline trained again after the initialisation was corrected."""
    return [row for row in rows().values() if row.name.startswith(f"{PREFIX}bare (")]


def corrected() -> BookRow:
    """The rerun that ``difference_corrected`` refers to: the one whose own corrected difference is zero."""
    return next(row for row in reruns() if row.difference_corrected == 0)


def is_dataset(name: str) -> bool:
    """Whether a data set of ours is the one the book's table was measured on."""
    return next(iter(rows().values())).columns["dataset"].split()[0].lower() == name.lower()


def curves() -> pd.DataFrame:
    """Validation top-1 of the logged runs as ``book_row, epoch, value`` in percent."""
    frame = reference.frame("book_ablation_curves.csv")
    frame = frame[frame["val_acc"].notna()]
    return frame.rename(columns={"cell": "book_row", "val_acc": "value"})[["book_row", "epoch", "value"]]
