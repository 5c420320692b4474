"""Patch embedding as a chain of four maps: cut, project, put the class token in front, add positions. Theorem 70."""

from __future__ import annotations

import numpy as np

from netspec.gradcheck import dense, rules
from netspec.gradcheck.rules import Array, Map, namespace


def cut(patch: int, shape: tuple[int, int, int]) -> Map:
    """An image ``(c, h, w)`` as the matrix of its patches in row-major order, ``(n, c·P²)``.

    Rows and columns behind the last whole patch are read by none of them.
    """
    c, h, w = shape
    down, across = h // patch, w // patch

    def forward(x: Array) -> Array:
        grid = x[:, : down * patch, : across * patch].reshape(c, down, patch, across, patch)
        return namespace(x).permute_dims(grid, (1, 3, 0, 2, 4)).reshape(down * across, -1)

    def backward(x: Array, dy: Array) -> Array:
        grid = dy.reshape(down, across, c, patch, patch).transpose(2, 0, 3, 1, 4)
        dx = np.zeros(shape)
        dx[:, : down * patch, : across * patch] = grid.reshape(c, down * patch, across * patch)
        return dx

    return Map(forward, backward)


def behind(row: Array) -> Map:
    """A fixed row put in front of the rows that arrive; its cotangent reaches none of them."""

    def forward(x: Array) -> Array:
        xp = namespace(x)
        return xp.concat([xp.asarray(row)[None], x], axis=0)

    return Map(forward, lambda x, dy: dy[1:])


def shifted(table: Array) -> Map:
    """``X -> X + table``."""
    return Map(lambda x: x + table, lambda x, dy: dy, 1)


def patch_embed(w: Array, b: Array, class_token: Array, positions: Array, shape: tuple[int, int, int]) -> Map:
    """``(c, h, w) -> (n + 1, D)`` with a kernel ``W`` of shape ``(D, c, P, P)``.

    Theorem 70, Patch-embedding VJP; theorem 71, Patch-embedding smoothness.
    """
    return rules.chain(
        cut(w.shape[-1], shape),
        dense.per_token(w.reshape(len(w), -1).T, b),
        behind(class_token),
        shifted(positions),
    )


def closed_form(w: Array, dy: Array, shape: tuple[int, int, int]) -> Array:
    """The theorem's formula, pixel by pixel: ``dx[c, h, w] = Σ_d W[d, c, h mod P, w mod P] dY[1 + n, d]``.

    ``n`` is the patch the pixel lies in; a pixel in none has no gradient.
    """
    patch, dx = w.shape[-1], np.zeros(shape)
    _, height, width = shape
    for (c, i, j), _ in np.ndenumerate(dx):
        if i < height // patch * patch and j < width // patch * patch:
            token = 1 + (i // patch) * (width // patch) + j // patch
            dx[c, i, j] = w[:, c, i % patch, j % patch] @ dy[token]
    return dx
