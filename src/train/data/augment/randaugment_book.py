"""RandAugment as the book ran it: five colour operations in [0, 1] space, none of them geometric.

Book ch. 10.4; companion repository, state of 2026-04-30 and later. With ``f = 1 + sign * strength``:

- identity,
- brightness ``f x``,
- contrast ``m + f (x - m)``, ``m`` the mean over all pixels and channels of the image,
- colour ``f x + (1 - f) grey``, ``grey = 0.299 R + 0.587 G + 0.114 B``,
- autocontrast ``(x - low) / (high - low)``, extremes over the whole image, not per channel.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from train.config.cell import RandAugment
from train.data.augment.base import Array, draw_operations

OPERATIONS = ("identity", "brightness", "contrast", "colour", "autocontrast")
IDENTITY, BRIGHTNESS, CONTRAST, COLOUR, AUTOCONTRAST = range(len(OPERATIONS))

#: Weights of red, green and blue in the grey version.
LUMA = (0.299, 0.587, 0.114)


def strength(magnitude: float) -> float:
    """How far the factor is from 1: ``0.5 min(M / 10, 1)``, so 0.55 or 1.45 for M = 9 and 0.8 or 1.2 for M = 4."""
    return 0.5 * min(magnitude / 10, 1.0)


def randaugment(key: Array, images: Array, config: RandAugment) -> Array:
    """Apply ``config.operations`` random operations to each of ``images``, float32 (B, H, W, 3) in [0, 1]."""
    operations, signs = draw_operations(key, config.operations, images.shape[0], len(OPERATIONS))

    def step(images: Array, draw: tuple[Array, Array]) -> tuple[Array, None]:
        return apply_operation(images, *draw, config.magnitude), None

    # A scan, not a Python loop: XLA would merge the draws and compute the first again for every use in the second.
    return jax.lax.scan(step, images, (operations, signs))[0]


def apply_operation(images: Array, operation: Array, sign: Array, magnitude: float) -> Array:
    """One operation per image, clipped to [0, 1].

    ``images`` is float32 (B, H, W, 3) in [0, 1], ``operation`` an index into :data:`OPERATIONS` and ``sign`` -1 or +1,
    both int32 (B,). An image of a single value has no contrast to stretch and passes autocontrast unchanged.
    """
    f = 1 + sign * np.float32(strength(magnitude))
    low, high = images.min(axis=(1, 2, 3)), images.max(axis=(1, 2, 3))
    flat = high <= low
    stretch = 1 / jnp.where(flat, 1, high - low)
    zero, one = jnp.zeros_like(f), jnp.ones_like(f)
    # All five are `scale x + weight grey + shift` with three numbers per image: one pass over the batch does them all.
    scale = _pick(operation, one, f, f, f, stretch)
    weight = _pick(operation, zero, zero, zero, 1 - f, zero)
    shift = _pick(
        operation, zero, zero, (1 - f) * images.mean(axis=(1, 2, 3)), zero, jnp.where(flat, 0, -low * stretch)
    )
    # Channel by channel: XLA's reduction over an axis of three is 20 times slower on a CPU.
    grey = sum(part * images[..., channel, None] for channel, part in enumerate(LUMA))
    return jnp.clip(scale * images + weight * grey + shift, 0, 1)


def _pick(operation: Array, *values: Array) -> Array:
    """The value of each image's operation, shaped to broadcast over its pixels."""
    return jnp.stack(values)[operation, jnp.arange(operation.size)][:, None, None, None]
