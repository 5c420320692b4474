"""Pictures of what was said of every pixel."""

from __future__ import annotations

import numpy as np

from train.data.example import VOID
from train.data.png import png

#: Colours of classes, told apart by readers who see no red or green (Okabe & Ito 2008); more classes begin again.
COLOURS = np.array(
    [(230, 159, 0), (40, 60, 80), (86, 180, 233), (0, 158, 115), (240, 228, 66), (0, 114, 178), (213, 94, 0)], np.uint8
)
RIGHT, WRONG, UNJUDGED = (40, 60, 80), (240, 228, 66), (150, 150, 150)
GAP, SMALLEST = 4, 96


def coloured(mask: np.ndarray) -> np.ndarray:
    """``uint8 (…, 3)``: a colour for each class of ``(…)``, grey for none."""
    return np.where((mask == VOID)[..., None], np.uint8(150), COLOURS[mask % len(COLOURS)])


def overlay(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """A picture under the colours of its classes, both ``uint8 (H, W, 3)``."""
    return (0.5 * image + 0.5 * coloured(mask)).astype(np.uint8)


def sheet(images: np.ndarray, truth: np.ndarray, said: np.ndarray) -> bytes:
    """A PNG with a column per picture: the picture, truth, prediction and where they differ, from top to bottom."""
    wrong = np.where((truth != said)[..., None], np.uint8(WRONG), np.uint8(RIGHT))
    wrong = np.where((truth == VOID)[..., None], np.uint8(UNJUDGED), wrong)
    rows = [images, coloured(truth), coloured(said), wrong]
    times = max(1, -(-SMALLEST // images.shape[1]))
    rows = [row.repeat(times, 1).repeat(times, 2) for row in rows]
    height, width = rows[0].shape[1:3]
    page = np.full((4 * (height + GAP) - GAP, len(images) * (width + GAP) - GAP, 3), 255, np.uint8)
    for down, row in enumerate(rows):
        for across, picture in enumerate(row):
            top, left = down * (height + GAP), across * (width + GAP)
            page[top : top + height, left : left + width] = picture
    return png(page)
