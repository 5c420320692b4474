"""Whether images came as fast as they were trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from report.engine.formats import listing

if TYPE_CHECKING:
    import pandas as pd


def starved(table: pd.DataFrame) -> str:
    """Whether reading keeps up with training, where both were measured."""
    known = table.dropna(subset=["input_images_per_second", "step_images_per_second"])
    if known.empty:
        return ""
    slow = known[known["input_images_per_second"] < known["step_images_per_second"]]
    if slow.empty:
        return "Reading alone is faster than training alone everywhere: no step waits for images."
    return f"Reading sets the pace of {listing(f'`{name}`' for name in slow['cell'])}: their steps wait for images."
