"""Colour jitter: brightness, contrast, saturation and hue, in this order, by a draw of their own for every image.

The sequence of the book's ImageNet run (companion repository), whose record states the ranges and not the formulas;
these are those of ``tf.image``, in which that run's ranges are written. Colours are kept in [0, 1] before hue and
saturation, which have no meaning outside.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from train.config.cell import ColourJitter
from train.data.augment.base import Array


def colour_jitter(key: Array, images: Array, config: ColourJitter) -> Array:
    """Jitter float32 ``(B, H, W, 3)`` in [0, 1]; the amounts are uniform between ± those of ``config``.

    Brightness is added; contrast and saturation are factors around 1; hue is a share of the colour circle.
    """
    draws = jax.random.uniform(key, (4, images.shape[0], 1, 1), jnp.float32, -1, 1)
    amounts = (config.brightness, config.contrast, config.saturation, config.hue)
    brightness, contrast, saturation, hue = (amount * draw for amount, draw in zip(amounts, draws, strict=True))
    x = images + brightness[..., None]
    mean = x.mean(axis=(1, 2), keepdims=True)  # of each channel
    x = jnp.clip(mean + (1 + contrast[..., None]) * (x - mean), 0, 1)
    return shift_colours(x, 1 + saturation, hue)


def shift_colours(images: Array, saturation: Array, hue: Array) -> Array:
    """Saturation times a factor, at most 1, and hue plus a share of the circle, both ``(B, 1, 1)``; value unchanged.

    HSV of Smith 1978 ("Color gamut transform pairs"), of float32 ``(B, H, W, 3)`` in [0, 1].
    """
    red, green, blue = (images[..., channel] for channel in range(3))
    value = jnp.maximum(jnp.maximum(red, green), blue)
    chroma = value - jnp.minimum(jnp.minimum(red, green), blue)
    grey = chroma == 0
    chroma_or_one = jnp.where(grey, 1, chroma)
    sixth = jnp.select(
        [value == red, value == green],
        [(green - blue) / chroma_or_one, 2 + (blue - red) / chroma_or_one],
        4 + (red - green) / chroma_or_one,
    )
    sixth = jnp.where(grey, 0, sixth) + 6 * hue
    chroma = value * jnp.clip(saturation * chroma / jnp.where(value == 0, 1, value), 0, 1)
    # How far red, green and blue lie below the value: not at all within a sixth of the circle of the own hue.
    below = (jnp.mod(start + sixth, 6) for start in (5, 3, 1))
    return jnp.stack([value - chroma * jnp.clip(jnp.minimum(k, 4 - k), 0, 1) for k in below], axis=-1)
