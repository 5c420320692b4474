"""The grid of YOLOv1: which cell is responsible for which object, and the boxes that a network's output means.

Source: Redmon et al. 2016 (arXiv:1506.02640), section 2; book ch. 11.2.2.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from train.data.example import NOTHING
from train.tasks.detection import boxes as geometry
from train.tasks.detection.head import NUMBERS


class Targets(NamedTuple):
    """What every cell of a grid of R rows and C columns should say.

    ``object`` is bool ``(…, R, C)``, true where a cell is responsible for an object; ``ignored`` is bool of the same
    shape, true where a cell's objectness is neither right nor wrong. ``box`` is float32 ``(…, R, C, 4)`` and ``label``
    int32 ``(…, R, C)``, which mean something where there is an object.
    """

    object: jax.Array
    ignored: jax.Array
    box: jax.Array
    label: jax.Array


class Said(NamedTuple):
    """What a network says of every cell: B boxes and one distribution over classes.

    ``offset`` is ``(…, R, C, B, 2)``, the centre's x and y within the cell in (0, 1); ``root`` ``(…, R, C, B, 2)``, the
    square roots of width and height in shares of the picture, in (0, 1); ``objectness`` ``(…, R, C, B)`` and
    ``classes`` ``(…, R, C, classes)`` are logits.
    """

    offset: jax.Array
    root: jax.Array
    objectness: jax.Array
    classes: jax.Array

    @property
    def boxes(self) -> jax.Array:
        """The boxes ``(…, R, C, B, 4)`` in shares of the picture."""
        grid = self.offset.shape[-4], self.offset.shape[-3]
        centre = (corners(grid)[:, :, None] + self.offset) / jnp.array(grid[::-1])
        return jnp.concatenate([centre, self.root**2], -1)


def corners(grid: tuple[int, int]) -> jax.Array:
    """Column and row of every cell, ``(R, C, 2)``: its upper left corner in cells."""
    return jnp.stack(jnp.meshgrid(jnp.arange(grid[1]), jnp.arange(grid[0])), -1)


def read(output: jax.Array, count: int) -> Said:
    """What an output ``(…, R, C, 5·count + classes)`` says: ``count`` boxes of five numbers, then the classes.

    Offsets and roots of sides are squashed by a sigmoid: the paper regresses the same quantities, but as they come, so
    that a centre may leave its cell and a side become negative.
    """
    output = output.astype(jnp.promote_types(output.dtype, jnp.float32))  # whatever a network computes in
    boxes = output[..., : NUMBERS * count].reshape(*output.shape[:-1], count, NUMBERS)
    return Said(
        jax.nn.sigmoid(boxes[..., :2]), jax.nn.sigmoid(boxes[..., 2:4]), boxes[..., 4], output[..., NUMBERS * count :]
    )


def targets(boxes: jax.Array, labels: jax.Array, difficult: jax.Array, grid: tuple[int, int]) -> Targets:
    """Targets on a ``grid`` (rows, columns) of the objects of one picture.

    ``boxes`` is ``(K, 4)``, ``labels`` int32 ``(K,)`` with :data:`train.data.example.NOTHING` on the padding and
    ``difficult`` bool ``(K,)``. The cell that an object's centre lies in is responsible for it; of several objects in a
    cell, for the largest, which more of the cell's pixels show, and of equal ones for the first. A difficult object
    that has a cell of its own makes it ignored.
    """
    rows, columns = grid
    column = jnp.clip((boxes[:, 0] * columns).astype(jnp.int32), 0, columns - 1)
    row = jnp.clip((boxes[:, 1] * rows).astype(jnp.int32), 0, rows - 1)
    # One row for each cell, one column for each object.
    inside = (row * columns + column == jnp.arange(rows * columns)[:, None]) & (labels != NOTHING)
    easy = inside & ~difficult
    chosen, taken = jnp.where(easy, geometry.area(boxes), -1.0).argmax(1), easy.any(1)
    spared = (inside & difficult).any(1) & ~taken
    return Targets(
        taken.reshape(grid),
        spared.reshape(grid),
        boxes[chosen].reshape(*grid, 4),
        jnp.where(taken, labels[chosen], 0).reshape(grid),
    )
