"""Crop, flip and normalisation, and two helpers that several knobs share.

Images are ``(B, H, W, 3)``, channels last. Every function is batched, can be jitted, and is a function of its key only.
"""

from __future__ import annotations

from typing import TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

from train.config.cell import Size, sides

Array: TypeAlias = jax.Array


def random_crop(key: Array, images: Array, size: Size) -> Array:
    """Cut each ``(B, H, W, C)`` image to ``size`` at an offset of its own.

    Offsets are uniform over ``0 .. H - height`` and ``0 .. W - width`` (book ch. 10.4: 256 to 224). The dtype stays.
    """
    (batch, *stored, channels), (height, width) = images.shape, sides(size)
    places = stored[0] - height + 1, stored[1] - width + 1
    if places == (1, 1):
        return images
    offsets = jax.random.randint(key, (batch, 2), 0, jnp.array(places))
    # A slice per image copies whole rows; index arrays for rows and columns are 3 times slower at 224 px on a CPU.
    return jax.vmap(lambda image, at: jax.lax.dynamic_slice(image, (at[0], at[1], 0), (height, width, channels)))(
        images, offsets
    )


def centre_crop(images: Array, size: Size) -> Array:
    """Cut ``(B, H, W, …)`` images to their central part of ``size``; an odd pixel is lost at the far edge."""
    height, width = sides(size)
    top, left = (images.shape[1] - height) // 2, (images.shape[2] - width) // 2
    return images[:, top : top + height, left : left + width]


def flip(key: Array, images: Array) -> Array:
    """Mirror each image left to right with probability 1/2."""
    mirrored = jax.random.bernoulli(key, 0.5, (images.shape[0], 1, 1, 1))
    return jnp.where(mirrored, images[:, :, ::-1], images)


def to_unit(images: Array) -> Array:
    """Grey levels 0..255 as float32 in [0, 1]."""
    return images.astype(jnp.float32) * np.float32(1 / 255)


def normalise(images: Array, mean: tuple[float, ...], std: tuple[float, ...]) -> Array:
    """Subtract the channel mean and divide by the channel deviation; ``images`` are float32 in [0, 1]."""
    scale = 1 / np.asarray(std, np.float64)
    shift = np.asarray(mean, np.float64) * scale
    return images * scale.astype(np.float32) - shift.astype(np.float32)


def box_mask(top: Array, bottom: Array, left: Array, right: Array, size: Size) -> Array:
    """True inside the boxes ``[top, bottom) x [left, right)``: four ``(n,)`` arrays give ``(n, height, width, 1)``."""
    y, x = map(jnp.arange, sides(size))
    rows = (y >= top[:, None]) & (y < bottom[:, None])
    columns = (x >= left[:, None]) & (x < right[:, None])
    return (rows[:, :, None] & columns[:, None, :])[..., None]


def draw_operations(key: Array, draws: int, batch: int, choices: int) -> tuple[Array, Array]:
    """Which RandAugment operation each image gets in each draw, and with which sign.

    Returns two ``(draws, batch)`` int32 arrays: operations uniform over ``0 .. choices - 1`` with replacement, and
    signs -1 or +1 with equal chance.
    """
    operation_key, sign_key = jax.random.split(key)
    operation = jax.random.randint(operation_key, (draws, batch), 0, choices)
    sign = 2 * jax.random.bernoulli(sign_key, 0.5, (draws, batch)).astype(jnp.int32) - 1
    return operation, sign
