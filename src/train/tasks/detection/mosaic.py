"""Mosaics: four pictures of a batch in one, each at half its size, with the objects of all four.

The companion repository trained its detector of heads on such mosaics of 2 × 2, and on single frames beside them;
Bochkovskiy et al. 2020 (arXiv:2004.10934), section 3.4, has them as an augmentation.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from train.data.augment.base import Array
from train.data.example import NOTHING

#: Upper left corners of the four parts as shares of the mosaic, x and y, in the order in which they are put together.
CORNERS = ((0.0, 0.0), (0.5, 0.0), (0.0, 0.5), (0.5, 0.5))


def mosaics(
    key: Array, images: Array, boxes: Array, labels: Array, difficult: Array, share: float
) -> tuple[Array, Array, Array, Array]:
    """A batch of which each picture is a mosaic with chance ``share``, and itself otherwise.

    Args:
        key: the only source of randomness.
        images: float32 ``(N, H, W, 3)``, H and W even.
        boxes: float32 ``(N, K, 4)``.
        labels: int32 ``(N, K)``, :data:`train.data.example.NOTHING` on the padding.
        difficult: bool ``(N, K)``.
        share: from 0 to 1.

    Returns:
        The same with 4 K objects. A mosaic has its own picture in the first part; which ones the batch gives to the
        other three is drawn, so that every picture is as often in each.
    """
    chance_key, *part_keys = jax.random.split(key, 1 + len(CORNERS))
    count, height, width, _ = images.shape
    small = jax.image.resize(images, (count, height // 2, width // 2, 3), "linear")
    order = [jnp.arange(count), *(jax.random.permutation(part, count) for part in part_keys[1:])]
    parts = [small[rows] for rows in order]
    whole = jnp.concatenate([jnp.concatenate(parts[:2], 2), jnp.concatenate(parts[2:], 2)], 1)
    moved = [boxes[rows] / 2 + jnp.array([*corner, 0.0, 0.0]) for rows, corner in zip(order, CORNERS, strict=True)]

    def four(values: Array) -> Array:
        return jnp.concatenate([values[rows] for rows in order], 1)

    def itself(values: Array, filled: float | bool) -> Array:
        fill = jnp.full((count, 3 * values.shape[1], *values.shape[2:]), filled, values.dtype)
        return jnp.concatenate([values, fill], 1)

    chosen = jax.random.bernoulli(chance_key, share, (count,))
    return (
        jnp.where(chosen[:, None, None, None], whole, images),
        jnp.where(chosen[:, None, None], jnp.concatenate(moved, 1), itself(boxes, 0.0)),
        jnp.where(chosen[:, None], four(labels), itself(labels, NOTHING)),
        jnp.where(chosen[:, None], four(difficult), itself(difficult, False)),
    )
