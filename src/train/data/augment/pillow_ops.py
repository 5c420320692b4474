"""The image operations of Pillow that RandAugment is defined by, on batches of 8-bit images.

AutoAugment and RandAugment were published as calls into Pillow, so its integer arithmetic is the definition. Each
function takes uint8 ``(B, H, W, 3)`` images; the tests compare every one with Pillow itself. They come in three kinds:
tables (each output level depends on the input level alone), blends with a degenerate image, and affine resampling.
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np

from train.config.cell import Size, sides
from train.data.augment.base import Array

LEVELS = 256


# Tables: int32, (256,) for all images or (B, 3, 256) per image and channel.


def solarize_table(threshold: int) -> np.ndarray:
    """Invert the levels from ``threshold`` up: ``ImageOps.solarize``."""
    level = np.arange(LEVELS, dtype=np.int32)
    return np.where(level < threshold, level, LEVELS - 1 - level)


def posterize_table(bits: int) -> np.ndarray:
    """Keep the ``bits`` highest bits of each level: ``ImageOps.posterize``."""
    return np.arange(LEVELS, dtype=np.int32) & ~(2 ** (8 - bits) - 1)


def autocontrast_table(images: Array) -> Array:
    """Stretch each channel to 0..255: ``ImageOps.autocontrast`` without cutoff. Constant channels stay as they are."""
    low = images.min(axis=(1, 2)).astype(jnp.int32)[..., None]
    high = images.max(axis=(1, 2)).astype(jnp.int32)[..., None]
    level = jnp.arange(LEVELS, dtype=jnp.int32)
    stretched = jnp.clip((level - low) * (LEVELS - 1) // jnp.maximum(high - low, 1), 0, LEVELS - 1)
    return jnp.where(high > low, stretched, level)


def equalize_table(images: Array) -> Array:
    """Flatten the histogram of each channel: ``ImageOps.equalize``.

    A channel stays as it is when its pixels, those of its brightest level not counted, number fewer than 255. For
    images of 16 x 16 that is so as soon as the brightest level occurs twice, and below that size always.
    """
    batch, channels = images.shape[0], images.shape[3]
    slot = LEVELS * (channels * jnp.arange(batch)[:, None, None, None] + jnp.arange(channels))
    counts = jnp.zeros(batch * channels * LEVELS, jnp.int32).at[slot + images].add(1, mode="promise_in_bounds")
    counts = counts.reshape(batch, channels, LEVELS)
    below = jnp.cumsum(counts, axis=-1) - counts
    # The brightest level present does not count towards the step.
    step = jnp.where(counts > 0, below, 0).max(axis=-1, keepdims=True) // (LEVELS - 1)
    level = jnp.arange(LEVELS, dtype=jnp.int32)
    return jnp.where(step > 0, jnp.minimum((step // 2 + below) // jnp.maximum(step, 1), LEVELS - 1), level)


def look_up(images: Array, tables: Array) -> Array:
    """Each channel through its own table of int32 ``(B, 3, 256)``."""
    batch, _, _, channels = images.shape
    slot = LEVELS * (channels * jnp.arange(batch)[:, None, None, None] + jnp.arange(channels))
    return tables.astype(jnp.uint8).reshape(-1).at[slot + images].get(mode="promise_in_bounds")


# Degenerate images: what `ImageEnhance` blends with.


def luma(images: Array) -> Array:
    """Grey version, ``(B, S, S, 1)``: ``Image.convert("L")``, the ITU-R 601-2 weights in 16-bit fixed point."""
    red, green, blue = (images[..., channel, None].astype(jnp.int32) for channel in range(3))
    return (19595 * red + 38470 * green + 7471 * blue + 2**15) >> 16


def mean_luma(images: Array) -> Array:
    """Rounded mean of the grey version, ``(B, 1, 1, 1)``: the degenerate image of ``ImageEnhance.Contrast``."""
    grey = luma(images)
    pixels = grey.shape[1] * grey.shape[2]
    return (2 * grey.sum(axis=(1, 2, 3), keepdims=True) + pixels) // (2 * pixels)


def smooth(images: Array) -> Array:
    """Mean of the 3 x 3 neighbourhood, the centre counted five times; border kept: ``ImageFilter.SMOOTH``."""
    x = images.astype(jnp.float32)
    rows = x[:, :-2] + x[:, 1:-1] + x[:, 2:]
    total = rows[:, :, :-2] + rows[:, :, 1:-1] + rows[:, :, 2:] + 4 * x[:, 1:-1, 1:-1]
    # Whole numbers below 2**24, and a thirteenth is never halfway between two levels: float32 rounds them right.
    return images.at[:, 1:-1, 1:-1].set(jnp.floor(total / 13 + 0.5).astype(jnp.uint8))


def blend(degenerate: Array, images: Array, factor: float) -> Array:
    """``degenerate + factor (images - degenerate)``, clipped and cut to whole levels: ``Image.blend``."""
    start = degenerate.astype(jnp.float32)
    return jnp.clip(start + np.float32(factor) * (images.astype(jnp.float32) - start), 0, LEVELS - 1).astype(jnp.uint8)


# Affine resampling, nearest neighbour.


def fixed_point(matrix: tuple[float, ...]) -> tuple[int, ...]:
    """Coefficients ``a..f`` of ``x' = a x + b y + c, y' = d x + e y + f`` in Pillow's 16.16 fixed point.

    The offsets include the half pixel from corner to centre, so the source of pixel (x, y) is a shift of
    ``a x + b y + c`` to the right by 16 bits. 32 bits suffice for images up to about 16,000 pixels a side.
    """
    a, b, c, d, e, f = matrix
    return tuple(math.floor(value * 2**16 + 0.5) for value in (a, b, c + 0.5 * (a + b), d, e, f + 0.5 * (d + e)))


def rotation(degrees: float, size: Size) -> tuple[float, ...]:
    """Matrix of ``Image.rotate``: counter-clockwise about the centre of an image of ``size``."""
    angle = -math.radians(degrees)
    cos, sin = round(math.cos(angle), 15), round(math.sin(angle), 15)
    y, x = (side / 2 for side in sides(size))
    return cos, sin, x - cos * x - sin * y, -sin, cos, y + sin * x - cos * y


def affine(images: Array, coefficients: Array, fill: int) -> Array:
    """``Image.transform(size, AFFINE, ...)`` with :func:`fixed_point` coefficients int32 ``(B, 6)``, nearest neighbour.

    Pixels whose source lies outside the image take the level ``fill``.
    """
    batch, height, width, _ = images.shape
    a, b, c, d, e, f = (coefficients[:, k, None, None] for k in range(6))
    x, y = jnp.arange(width, dtype=jnp.int32)[None, None, :], jnp.arange(height, dtype=jnp.int32)[None, :, None]
    column, row = (a * x + b * y + c) >> 16, (d * x + e * y + f) >> 16
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    source = jnp.where(inside, row * width + column, 0).reshape(batch, -1)
    moved = jax.vmap(lambda pixels, at: pixels.at[at].get(mode="promise_in_bounds"))(
        images.reshape(batch, height * width, 3), source
    )
    return jnp.where(inside[..., None], moved.reshape(images.shape), jnp.uint8(fill))
