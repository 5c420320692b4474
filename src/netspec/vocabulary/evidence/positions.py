"""What is wrong with the document's positions."""

from __future__ import annotations

import numpy as np

from netspec.vocabulary.evidence import Evidence
from netspec.vocabulary.positions import rotary


def half_width_rotation() -> Evidence:
    """One angle for each pair of channels multiplies all channels only if it is repeated for both of a pair."""
    x, pace = np.ones((1, 5, 8)), 1 / 10000 ** (np.arange(0, 8, 2) / 8)
    cosine = np.cos(np.arange(5)[:, None] * pace)
    try:
        printed = f"a result of shape {(x * cosine).shape}"
    except ValueError:
        printed = f"shapes {x.shape} and {cosine.shape} do not multiply"
    right = rotary(x[:, :, None], np.arange(5))[:, :, 0].shape
    return Evidence(
        printed, f"a result of shape {right}, with each angle for both channels of its pair", "do not" in printed
    )


def odd_width() -> Evidence:
    """Of an odd number of channels there are more sines than cosines."""
    angle = np.arange(4)[:, None] * np.exp(np.arange(0, 5, 2) * -(np.log(10000.0) / 5))
    table = np.zeros((4, 5))
    table[:, ::2] = np.sin(angle)
    try:
        table[:, 1::2] = np.cos(angle)
        printed = "a table of five channels"
    except ValueError:
        printed = f"{angle.shape[1]} cosines for {table[:, 1::2].shape[1]} columns do not fit"
    return Evidence(printed, "an even number of channels, or the last cosine left out", "do not" in printed)
