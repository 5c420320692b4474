"""Samples as pictures: a grid of them, one on its way, and each beside what it is most like."""

from __future__ import annotations

import numpy as np

from train.data.png import png

GAP, SMALLEST = 2, 40
#: Samples of a strip, and of those that are shown with their neighbours.
ACROSS, SHOWN = 25, 16


def grid(pictures: np.ndarray, across: int = 16) -> bytes:
    """Pictures in [0, 1], ``(N, H, W, C)``, in rows, enlarged without smoothing."""
    return _sheet([pictures[at : at + across] for at in range(0, len(pictures), across)])


def strip(path: np.ndarray) -> bytes:
    """A picture at :data:`ACROSS` of its steps, the last among them."""
    chosen = np.linspace(0, len(path) - 1, ACROSS).round().astype(int)
    return _sheet([path[chosen]])


def nearest(pictures: np.ndarray, among: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Index of the nearest of ``among`` for each picture, by the pixels, and how far it is."""
    one, other = (x.reshape(len(x), -1).astype(np.float64) for x in (pictures, among))
    best, least = np.zeros(len(one), int), np.full(len(one), np.inf)
    for at in range(0, len(other), 4096):
        part = other[at : at + 4096]
        squared = (one**2).sum(1)[:, None] - 2 * one @ part.T + (part**2).sum(1)
        index = squared.argmin(1)
        found = squared[np.arange(len(one)), index]
        best = np.where(found < least, at + index, best)
        least = np.minimum(found, least)
    return best, np.sqrt(np.maximum(least, 0))


def neighbours(pictures: np.ndarray, training: np.ndarray) -> bytes:
    """Samples, and below each the training picture that is nearest to it."""
    first = pictures[:SHOWN]
    return _sheet([first, training[nearest(first, training)[0]]])


def _sheet(rows: list[np.ndarray]) -> bytes:
    height, width = rows[0].shape[1:3]
    times = max(1, -(-SMALLEST // height))
    page = np.full(
        (len(rows) * (height * times + GAP) - GAP, max(map(len, rows)) * (width * times + GAP) - GAP, 3), 255, np.uint8
    )
    for down, row in enumerate(rows):
        shown = np.clip(np.round(255 * row), 0, 255).astype(np.uint8).repeat(times, 1).repeat(times, 2)
        for across, picture in enumerate(shown):
            top, left = down * (height * times + GAP), across * (width * times + GAP)
            page[top : top + height * times, left : left + width * times] = picture
    return png(page)
