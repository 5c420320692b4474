"""Scenes of handwritten digits on textured ground, with the class of every pixel and the box of every digit.

They stand in for photographs with annotations where nothing can be downloaded. A scene is a function of a seed; the
digits are given, so that those of validation are none that were trained on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy import ndimage

from train.config.cell import Scenes

#: Classes of a scene's pixels, in the order of the trimaps of Oxford-IIIT Pets: thing, ground, and what lies between.
TRIMAP = ("digit", "ground", "boundary")
DIGIT, GROUND, BOUNDARY = range(3)
#: Ink from which a pixel belongs to a digit, and the range over which paint goes from nothing to full.
INK, FAINT, FULL = 0.5, 0.25, 0.75
#: Least difference of brightness between a digit and the ground, of 1.
CONTRAST = 0.3
#: Places that are tried for a digit before it is left out.
TRIES = 50


@dataclass(frozen=True)
class Scene:
    """A picture and what is in it.

    ``image`` is uint8 ``(H, W, 3)`` and ``mask`` uint8 ``(H, W)`` with indices of :data:`TRIMAP`: a pixel just outside
    of a digit is boundary. ``boxes`` is float32 ``(K, 4)``, the centre's x and y, width and height of the digit's ink
    in shares of the picture, also where another digit covers it; ``labels`` int32 ``(K,)``.
    """

    image: np.ndarray
    mask: np.ndarray
    boxes: np.ndarray
    labels: np.ndarray


def compose(seed: tuple[int, ...], ink: np.ndarray, labels: np.ndarray, side: int, scenes: Scenes) -> Scene:
    """The scene of a seed, of pictures ``ink`` ``(N, h, w)`` in [0, 1] of the classes ``labels`` ``(N,)``.

    It has as many digits of such sizes as ``scenes`` says; one that finds no place beside the others is left out. A
    later digit covers an earlier one.
    """
    rng = np.random.default_rng(seed)
    picture = _ground(rng, side)
    digit, boxes, found = np.zeros((side, side), bool), [], []
    for _ in range(rng.integers(scenes.objects[0], scenes.objects[1] + 1)):
        which, size = rng.integers(len(ink)), int(rng.integers(scenes.sizes[0], scenes.sizes[1] + 1))
        drawn = _enlarged(ink[which], size)
        rows, columns = np.flatnonzero((drawn > INK).any(1)), np.flatnonzero((drawn > INK).any(0))
        drawn = drawn[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        place = _place(rng, drawn.shape, side, boxes, scenes.overlap)
        if place is None:
            continue
        area = tuple(slice(start, start + length) for start, length in zip(place, drawn.shape, strict=True))
        paint = np.clip((drawn - FAINT) / (FULL - FAINT), 0, 1)[..., None]
        picture[area] += paint * (_colour(rng, picture[area].mean((0, 1))) - picture[area])
        digit[area] |= drawn > INK
        boxes.append((*place, *drawn.shape))
        found.append(labels[which])
    mask = np.full((side, side), GROUND, np.uint8)
    mask[ndimage.binary_dilation(digit, np.ones((3, 3), bool))] = BOUNDARY
    mask[digit] = DIGIT
    edges = np.array(boxes, np.float32).reshape(-1, 4) / side
    shares = np.stack([edges[:, 1] + edges[:, 3] / 2, edges[:, 0] + edges[:, 2] / 2, edges[:, 3], edges[:, 2]], 1)
    image = np.clip(np.round(255 * picture), 0, 255).astype(np.uint8)
    return Scene(image, mask, shares, np.array(found, np.int32))


def _enlarged(values: np.ndarray, side: int) -> np.ndarray:
    """Values on a grid, bicubically on a square one of ``side``; float32."""
    return np.asarray(Image.fromarray(values.astype(np.float32)).resize((side, side), Image.Resampling.BICUBIC))


def _ground(rng: np.random.Generator, side: int) -> np.ndarray:
    """A colour with blotches of some size and grain on them, float ``(side, side, 3)``."""
    cells = int(rng.integers(3, 9))
    large = np.stack([_enlarged(rng.normal(size=(cells, cells)), side) for _ in range(3)], -1)
    grain = rng.normal(size=(side, side, 1))
    return rng.uniform(0.2, 0.8, 3) + 0.08 * large + rng.uniform(0.0, 0.06) * grain


def _colour(rng: np.random.Generator, ground: np.ndarray) -> np.ndarray:
    """A colour that can be told from the mean colour of the ground by its brightness."""
    while True:
        colour = rng.uniform(0, 1, 3)
        if abs(colour.mean() - ground.mean()) >= CONTRAST:
            return colour


def _place(
    rng: np.random.Generator, shape: tuple[int, ...], side: int, boxes: list, overlap: float
) -> tuple[int, int] | None:
    """Row and column where a digit covers no more than a share ``overlap`` of any other, or of itself."""
    for _ in range(TRIES):
        top, left = (int(rng.integers(0, side - length + 1)) for length in shape)
        if all(_covered((top, left, *shape), other) <= overlap for other in boxes):
            return top, left
    return None


def _covered(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    """The common area of two boxes ``(top, left, height, width)`` as a share of the smaller one's."""
    sides = [min(one[i] + one[i + 2], other[i] + other[i + 2]) - max(one[i], other[i]) for i in (0, 1)]
    return max(0, sides[0]) * max(0, sides[1]) / min(one[2] * one[3], other[2] * other[3])
