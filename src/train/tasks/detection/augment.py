"""Augmentation of pictures together with their boxes: jitted, batched, and a function of the key alone.

Random cutting is the random scaling and translation of YOLOv1's training (Redmon et al. 2016, section 2.2, "up to 20%
of the original image size"), in one resampling. What a picture does not cover is filled with the mean of the data.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from train.config.cell import Augmentation, Size, sides
from train.data.augment import Knob
from train.data.augment.base import Array, normalise, to_unit
from train.data.augment.jitter import colour_jitter
from train.data.example import NOTHING
from train.tasks.detection import boxes as geometry

#: Largest change of size, as a factor and its inverse, and largest translation as a share of the picture.
SCALE, SHIFT = 1.2, 0.2
#: Share of an object's area that must be left in the picture for it to be an object still.
VISIBLE = 0.4


def augment(
    key: Array,
    images: Array,
    boxes: Array,
    labels: Array,
    config: Augmentation,
    *,
    image_size: Size,
    mean: tuple[float, ...],
    std: tuple[float, ...],
) -> tuple[Array, Array, Array]:
    """Pictures of one training batch as a network takes them, with their boxes and classes.

    Args:
        key: the step's key; the only source of randomness. Each knob has one of its own.
        images: uint8 ``(N, H, W, 3)``, whole pictures as stored.
        boxes: float32 ``(N, K, 4)``.
        labels: int32 ``(N, K)``, :data:`train.data.example.NOTHING` on the padding.
        config: ``random_crop`` scales and moves, ``horizontal_flip`` mirrors, ``colour_jitter`` is as elsewhere.
        image_size: of the result in pixels.
        mean: channel means in [0, 1].
        std: channel deviations in [0, 1].

    Returns:
        float32 ``(N, height, width, 3)``, normalised; boxes cut to the picture, and labels with
        :data:`train.data.example.NOTHING` where less than :data:`VISIBLE` of an object is left in it.
    """
    keys = {knob: jax.random.fold_in(key, knob) for knob in Knob}
    x = to_unit(images)
    if config.colour_jitter:
        x = colour_jitter(keys[Knob.COLOUR_JITTER], x, config.colour_jitter)
    x = normalise(x, mean, std)
    count = len(images)
    if config.random_crop:
        x, boxes, labels = _moved(*_draw(keys[Knob.CROP], count), x, boxes, labels, image_size)
    elif x.shape[1:3] != sides(image_size):
        x, boxes, labels = _moved(jnp.ones(count), jnp.zeros((count, 2)), x, boxes, labels, image_size)
    if config.horizontal_flip:
        mirrored = jax.random.bernoulli(keys[Knob.FLIP], 0.5, (count,))
        x = jnp.where(mirrored[:, None, None, None], x[:, :, ::-1], x)
        boxes = jnp.where(mirrored[:, None, None], boxes.at[..., 0].set(1 - boxes[..., 0]), boxes)
    return x, boxes, labels


def _draw(key: Array, count: int) -> tuple[Array, Array]:
    """Scales ``(N,)``, as often smaller as larger, and translations ``(N, 2)`` of x and y."""
    scale_key, shift_key = jax.random.split(key)
    scale = SCALE ** jax.random.uniform(scale_key, (count,), minval=-1.0)
    return scale, jax.random.uniform(shift_key, (count, 2), minval=-SHIFT, maxval=SHIFT)


def _moved(
    scale: Array, shift: Array, images: Array, boxes: Array, labels: Array, size: Size
) -> tuple[Array, Array, Array]:
    """Pictures and boxes scaled about the centre of the picture and then moved by a share ``shift`` of it."""
    (height, width), stored = sides(size), images.shape[1:3]
    origin = (1 - scale)[:, None] / 2 + shift  # of the old picture in the new one
    factors = scale[:, None] * jnp.array([height / stored[0], width / stored[1]])
    offsets = origin[:, ::-1] * jnp.array([height, width])
    images = jax.vmap(
        lambda image, factor, offset: jax.image.scale_and_translate(
            image, (height, width, 3), (0, 1), factor, offset, "linear"
        )
    )(images, factors, offsets)
    moved = jnp.concatenate(
        [boxes[..., :2] * scale[:, None, None] + origin[:, None], boxes[..., 2:] * scale[:, None, None]], -1
    )
    seen = geometry.clipped(moved)
    kept = geometry.area(seen) >= VISIBLE * jnp.maximum(geometry.area(moved), geometry.TINY)
    return images, seen, jnp.where(kept, labels, NOTHING)
