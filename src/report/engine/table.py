"""A table of measured values as a frame, as CSV and back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from report.engine.errors import ReportError
from train.config.printable import shown

if TYPE_CHECKING:
    import pandas as pd


def frame(rows: Sequence[dict[str, Any]], columns: Iterable[str], texts: Collection[str]) -> pd.DataFrame:
    """Rows as a table with these columns, those not in ``texts`` as numbers even where all are missing."""
    import pandas as pd

    found = pd.DataFrame(rows, columns=list(columns))
    numeric = [name for name in found if name not in texts]
    found[numeric] = found[numeric].apply(pd.to_numeric)
    return found


def rounded(frame: pd.DataFrame) -> pd.DataFrame:
    """The table to ten decimals, which drop the last binary digit's noise and nothing else."""
    return frame.round(10)


def encode(frame: pd.DataFrame) -> bytes:
    """The table as CSV."""
    return frame.to_csv(index=False, lineterminator="\n").encode()


def read_csv(path: Path, texts: Iterable[str], way_out: str) -> pd.DataFrame:
    """A CSV file as a table: the columns in ``texts`` as text, whatever it says, and only empty fields as missing.

    Raises:
        ReportError: if it is missing, no file, or is not CSV in UTF-8; ``way_out`` ends the message.
    """
    import pandas as pd

    if is_missing(path):
        raise ReportError(f"{path}: there is no such file; {way_out}")
    if not path.is_file():
        raise ReportError(f"{path}: is no file, expected CSV; delete it, and {way_out} again")
    try:
        return pd.read_csv(path, dtype=dict.fromkeys(texts, "str"), keep_default_na=False, na_values=[""])
    except Exception as error:  # pandas' parser raises many kinds for damaged files
        reason = " ".join(str(error).split())
        raise ReportError(f"{path}: is not a readable CSV file: {shown(reason)}; {way_out} again") from None


def check_numbers(frame: pd.DataFrame, path: Path, columns: Iterable[str]) -> None:
    """Raise :class:`ReportError` where a column holds anything but finite numbers and missing ones."""
    import numpy as np
    import pandas as pd

    for column in columns:
        if not pd.api.types.is_numeric_dtype(frame[column]):
            raise ReportError(f"{path}: column '{column}' holds something that is not a number")
        if np.isinf(frame[column]).any():
            raise ReportError(f"{path}: column '{column}' holds a number that is not finite")


def is_missing(path: Path) -> bool:
    """Whether nothing is there; what cannot be looked at says why when it is read."""
    try:
        return not path.exists()
    except OSError:
        return False
