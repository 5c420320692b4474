"""A picture that is annotated with more than a label, on its way into a store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

#: Names and types of the arrays that objects of pictures are stored in.
BOXES = {
    "boxes": (np.dtype(np.float32), (4,)),
    "box-class": (np.dtype(np.int32), ()),
    "difficult": (np.dtype(bool), ()),
}
#: Class of a pixel that counts in no figure and no loss.
VOID = 255
#: Class where there is no object.
NOTHING = -1


@dataclass(frozen=True)
class Example:
    """A picture as a file's bytes or as pixels, uint8 ``(H, W, 3)``, and what it is annotated with.

    ``mask`` is the class of every pixel, as an image file of one channel or palette or as uint8 ``(H, W)``; ``classes``
    maps its values to classes, where they are not the same: a value that is missing there is an error. ``arrays`` are
    stored as they are.
    """

    image: bytes | np.ndarray
    mask: bytes | np.ndarray | None = None
    classes: Mapping[int, int] | None = None
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)


def padded(boxes: np.ndarray, labels: np.ndarray, difficult: np.ndarray, most: int) -> dict[str, np.ndarray]:
    """The arrays of :data:`BOXES` for a picture, with room for ``most`` objects."""
    values = {"boxes": boxes, "box-class": labels, "difficult": difficult}
    filled = {}
    for name, (dtype, inner) in BOXES.items():
        filled[name] = np.full((most, *inner), NOTHING if name == "box-class" else 0, dtype)
        filled[name][: len(labels)] = values[name]
    return filled
