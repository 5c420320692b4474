"""RoIAlign over the levels of a feature pyramid."""

from __future__ import annotations

from collections.abc import Sequence
from math import log2, prod

import jax
import jax.numpy as jnp
import numpy as np

from netspec.modules.dtypes import at_least_float32

#: Points along each side of a bin whose values are averaged.
SAMPLES = 2

#: A region reads the level on which its side is between this many pixels and twice as many; 224 pixels at stride 16.
LEVEL_SIDE = 14


def roi_align(levels: Sequence[jax.Array], regions: jax.Array, side: int) -> jax.Array:
    """Resample each of the regions ``(B, n, 4)`` on its level ``(B, H, W, C)``, to ``(B, n, side, side, C)``.

    A region is ``(top, left, bottom, right)`` in fractions of the image. Each of its bins is the mean of 2×2 points,
    read by bilinear interpolation between pixel centres and never rounded. Every level halves the one before; a
    region reads the one that suits its size.

    Source: He et al. 2017 (arXiv:1703.06870), sec. 3; Lin et al. 2016 (arXiv:1612.03144), eq. 1, for the level.
    """
    levels = sorted(levels, key=lambda level: -level.shape[1])
    heights = np.array([level.shape[1] for level in levels])
    widths = np.array([level.shape[2] for level in levels])
    offsets = np.cumsum([0, *(prod(level.shape[1:3]) for level in levels[:-1])])
    batch, channels = levels[0].shape[0], levels[0].shape[-1]
    pixels = jnp.concatenate([level.reshape(batch, -1, channels) for level in levels], axis=1)

    top, left, bottom, right = (at_least_float32(regions[..., i]) for i in range(4))
    area = (bottom - top) * heights[0] * (right - left) * widths[0]
    level = jnp.floor(jnp.log2(jnp.maximum(area, 1.0)) / 2 - log2(LEVEL_SIDE)).astype(jnp.int32)
    level = jnp.clip(level, 0, len(levels) - 1)
    height, width, offset = (jnp.asarray(table)[level][..., None, None] for table in (heights, widths, offsets))

    along = (jnp.arange(side * SAMPLES) + 0.5) / (side * SAMPLES)
    rows = _between(top[..., None] + (bottom - top)[..., None] * along, height[..., 0])
    columns = _between(left[..., None] + (right - left)[..., None] * along, width[..., 0])
    points = jnp.zeros((), top.dtype)
    for row, row_weight in rows:
        for column, column_weight in columns:
            index = offset + row[..., :, None] * width + column[..., None, :]
            read = jnp.take_along_axis(pixels, index.reshape(batch, -1, 1), axis=1)
            weight = row_weight[..., :, None, None] * column_weight[..., None, :, None]
            points = points + weight * read.reshape(*index.shape, channels)
    bins = points.reshape(batch, -1, side, SAMPLES, side, SAMPLES, channels)
    return bins.mean(axis=(3, 5))


def _between(fraction: jax.Array, length: jax.Array) -> tuple[tuple[jax.Array, jax.Array], ...]:
    """The two pixels around ``fraction`` of a side of ``length`` pixels, each with its weight."""
    at = jnp.clip(fraction * length - 0.5, 0, length - 1)
    low = jnp.floor(at).astype(jnp.int32)
    high = jnp.minimum(low + 1, length - 1)
    return (low, 1 - (at - low)), (high, at - low)
