"""Random erasing: a random rectangle of some images is overwritten with noise; the label stays.

Zhong et al. 2017 (arXiv:1708.04896), algorithm 1, and the book's two variants of it. All propose rectangles until one
fits. The number of proposals is fixed so that a whole batch is drawn at once without a loop; an image whose proposals
all fail stays as it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from train.config.cell import Erasing, Size, sides
from train.data.augment.base import Array, box_mask, normalise, to_unit

#: Proposals per image in ``book`` semantics (companion repository).
BOOK_TRIES = 10
#: Proposals per image in ``paper`` semantics, where the loop has no end. About 0.32 of the proposals fit for areas
#: 0.02..0.33 and aspects 0.3..3.3, so an image that should be erased is missed with probability 2e-11.
PAPER_TRIES = 64


class Boxes(NamedTuple):
    """One rectangle per image, int32 ``(B,)`` each; height and width 0 where an image is not erased."""

    top: Array
    left: Array
    height: Array
    width: Array


def erase_book(key: Array, x: Array, config: Erasing) -> Array:
    """Overwrite rectangles of normalised ``x`` (B, H, W, 3) with N(0, 1), independent per pixel and channel."""
    box_key, fill_key = jax.random.split(key)
    boxes = draw_boxes_book(box_key, x.shape[0], x.shape[1:3], config)
    return _fill(x, boxes, lambda: jax.random.normal(fill_key, x.shape, jnp.float32))


def erase_imagenet(key: Array, x: Array, config: Erasing) -> Array:
    """Overwrite rectangles of normalised ``x`` (B, H, W, 3) with zero, the mean colour.

    The book's ImageNet run: sides proposed as in its ablation, but with a uniform aspect (companion repository, whose
    record states the fill and not the space it is in).
    """
    top, left, height, width = draw_boxes_book(key, x.shape[0], x.shape[1:3], config, log_aspect=False)
    return jnp.where(box_mask(top, top + height, left, left + width, x.shape[1:3]), 0.0, x)


def erase_paper(key: Array, x: Array, config: Erasing, mean: tuple[float, ...], std: tuple[float, ...]) -> Array:
    """Overwrite rectangles of normalised ``x`` (B, H, W, 3) with grey levels uniform over 0..255, then normalised.

    The variant RE-R of the paper, sec. 4: every pixel its own value; channels are independent too.
    """
    box_key, fill_key = jax.random.split(key)
    boxes = draw_boxes_paper(box_key, x.shape[0], x.shape[1:3], config)

    def noise() -> Array:
        # Four grey levels out of each random word: drawn directly as uint8, every value would cost a word of its own.
        words = jax.random.bits(fill_key, (math.ceil(x.size / 4),), jnp.uint32)
        grey = jax.lax.bitcast_convert_type(words, jnp.uint8).reshape(-1)[: x.size].reshape(x.shape)
        return normalise(to_unit(grey), mean, std)

    return _fill(x, boxes, noise)


def draw_boxes_book(key: Array, batch: int, size: Size, config: Erasing, log_aspect: bool = True) -> Boxes:
    """Rectangles as in the book's runs (book ch. 10.4; companion repository).

    Area fraction uniform, aspect (height : width) log-uniform unless ``log_aspect`` is false, sides rounded; a proposal
    is rejected when a side reaches that of the image; top and left are uniform over the places where the accepted
    rectangle fits. The random generator behind the printed table never erased the first image of a batch; that accident
    is not repeated here.
    """
    rows, columns = sides(size)
    draws = jax.random.uniform(key, (2 * BOOK_TRIES + 3, batch), jnp.float32)
    (area, shape), (gate, *place) = draws[:-3].reshape(2, BOOK_TRIES, batch), draws[-3:]
    low, high = (math.log(bound) for bound in config.aspect) if log_aspect else config.aspect
    shape = low + (high - low) * shape
    height, width = _sides(area, jnp.exp(shape) if log_aspect else shape, size, config)
    found, (height, width) = _first((height < rows) & (width < columns), height, width)
    top, left = (
        _whole(u, whole - side + 1) for u, whole, side in zip(place, (rows, columns), (height, width), strict=True)
    )
    erased = found & (gate < config.probability)
    return Boxes(top, left, jnp.where(erased, height, 0), jnp.where(erased, width, 0))


def draw_boxes_paper(key: Array, batch: int, size: Size, config: Erasing) -> Boxes:
    """Rectangles of algorithm 1 of the paper.

    Area fraction uniform, aspect uniform (not log-uniform), corner uniform over the whole image, all three drawn again
    until the rectangle lies inside. Large rectangles fit in fewer places and are therefore accepted less often, so the
    accepted areas are not uniform. The paper's sides are real numbers; here they are rounded to whole pixels.
    """
    rows, columns = sides(size)
    draws = jax.random.uniform(key, (4 * PAPER_TRIES + 1, batch), jnp.float32)
    area, shape, *place = draws[:-1].reshape(4, PAPER_TRIES, batch)
    low, high = config.aspect
    height, width = _sides(area, low + (high - low) * shape, size, config)
    top, left = (_whole(u, whole) for u, whole in zip(place, (rows, columns), strict=True))
    fits = (top + height <= rows) & (left + width <= columns)
    found, (top, left, height, width) = _first(fits, top, left, height, width)
    erased = found & (draws[-1] < config.probability)
    return Boxes(top, left, jnp.where(erased, height, 0), jnp.where(erased, width, 0))


def _sides(area: Array, aspect: Array, size: Size, config: Erasing) -> tuple[Array, Array]:
    """Height and width in whole pixels; ``area`` is uniform in [0, 1), scaled here to the configured range."""
    low, high = config.area
    pixels = (low + (high - low) * area) * math.prod(sides(size))
    height, width = jnp.round(jnp.sqrt(pixels * aspect)), jnp.round(jnp.sqrt(pixels / aspect))
    return height.astype(jnp.int32), width.astype(jnp.int32)


def _whole(uniform: Array, count: Array | int) -> Array:
    """A whole number uniform over ``0 .. count - 1`` from a draw uniform in [0, 1)."""
    return jnp.floor(uniform * count).astype(jnp.int32)


def _first(fits: Array, *proposals: Array) -> tuple[Array, list[Array]]:
    """Whether any proposal fits, and the first that does: ``(tries, B)`` arrays in, ``(B,)`` arrays out."""
    at = jnp.argmax(fits, axis=0)[None]
    return fits.any(axis=0), [jnp.take_along_axis(proposal, at, axis=0)[0] for proposal in proposals]


def _fill(x: Array, boxes: Boxes, noise: Callable[[], Array]) -> Array:
    """``x`` with noise inside the boxes; ``noise`` draws it for all of ``x``."""
    top, left, height, width = boxes
    inside = box_mask(top, top + height, left, left + width, x.shape[1:3])
    # The condition spares the draw when no image of the batch is erased. It also keeps XLA on a CPU from moving noise
    # and boxes into whatever reads the result, where they would be computed pixel by pixel, up to five times slower.
    inside, noise = jax.lax.cond(
        (height > 0).any(), lambda: (inside, noise()), lambda: (jnp.zeros_like(inside), jnp.zeros_like(x))
    )
    return jnp.where(inside, noise, x)
