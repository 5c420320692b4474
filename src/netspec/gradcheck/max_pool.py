"""Max-pooling of images ``(c, h, w)`` over disjoint windows. Earlier chapters."""

from __future__ import annotations

import numpy as np

from netspec.gradcheck.rules import Array, Map, namespace


def windows(x: Array, side: int) -> Array:
    """``(c, h, w) -> (c, h/side, w/side, side²)``, each window in row-major order."""
    c, h, w = x.shape
    grid = x.reshape(c, h // side, side, w // side, side)
    return namespace(x).permute_dims(grid, (0, 1, 3, 2, 4)).reshape(c, h // side, w // side, side * side)


def backward(x: Array, dy: Array, side: int) -> Array:
    """All of a window's cotangent goes to its maximum; of equal ones, to the first in row-major order."""
    c, h, w = x.shape
    chosen = np.eye(side * side)[windows(x, side).argmax(axis=-1)]
    spread = (chosen * dy[..., None]).reshape(c, h // side, w // side, side, side)
    return spread.transpose(0, 1, 3, 2, 4).reshape(x.shape)


def max_pool(side: int) -> Map:
    """The largest value of each window of ``side × side`` pixels."""
    return Map(lambda x: windows(x, side).max(axis=-1), lambda x, dy: backward(x, dy, side), 1)
