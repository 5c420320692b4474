"""Augmentation of training batches: jitted, batched, and a function of the key alone.

Order inside a step, the book's (ch. 10.4): crop, flip, RandAugment, colour jitter, normalisation, random erasing, then
Mixup or CutMix. Each knob draws from a key of its own, so switching one on or off changes no draw of the others, and
two cells of the ablation see the same crops and flips.
"""

from __future__ import annotations

import enum

import jax
import jax.numpy as jnp

from train.config.cell import Augmentation, Size, sides
from train.data.augment import randaugment_book, randaugment_paper
from train.data.augment.base import Array, centre_crop, flip, normalise, random_crop, to_unit
from train.data.augment.erase import erase_book, erase_imagenet, erase_paper
from train.data.augment.jitter import colour_jitter
from train.data.augment.mix import Mix, alternate, apply_mix, choose, draw_cutmix, draw_mixup
from train.data.augment.text import describe

__all__ = ["Knob", "augment_batch", "describe", "prepare_eval", "smoothed_one_hot"]


class Knob(enum.IntEnum):
    """What is folded into a step's key for each knob. Renumbering changes every run: append, never reorder."""

    CROP = 0
    FLIP = 1
    RANDAUGMENT = 2
    ERASING = 3
    MIXUP = 4
    CUTMIX = 5
    MIXUP_OR_CUTMIX = 6
    COLOUR_JITTER = 7
    MOSAIC = 8


def augment_batch(
    key: Array,
    images: Array,
    labels: Array,
    config: Augmentation,
    *,
    image_size: Size,
    mean: tuple[float, ...],
    std: tuple[float, ...],
    classes: int,
    label_smoothing: float,
    step: Array | int = 0,
) -> tuple[Array, Array]:
    """Augmented images and soft targets of one training batch.

    Args:
        key: the step's key, ``fold_in(key(seed), step)``; the only source of randomness.
        images: uint8 ``(B, H, W, 3)``, no smaller than ``image_size``, as stored.
        labels: int32 ``(B,)`` in ``0 .. classes - 1``.
        config: which knobs are on, and whether they follow the book, its ImageNet run or the papers. Static under jit.
        image_size: of the result in pixels.
        mean: channel means in [0, 1], one per channel.
        std: channel deviations in [0, 1], one per channel.
        classes: number of classes.
        label_smoothing: weight ``s`` spread evenly over all classes; of mixed labels not in ``imagenet`` semantics,
            which mixes plain one-hot vectors.
        step: steps taken before this one; decides between Mixup and CutMix in ``imagenet`` semantics.

    Returns:
        ``x``, float32 ``(B, height, width, 3)``, normalised, and ``targets``, float32 ``(B, classes)`` with
        rows that sum to 1.

    Raises:
        ValueError: on images of another shape or dtype, and on Mixup and CutMix both set in ``book`` semantics, which
            applies one of them at most. In ``paper`` semantics both may be set, and each batch takes either with
            probability 1/2; in ``imagenet`` semantics they alternate.
    """
    _check_images(images, image_size)
    book = config.semantics == "book"
    if book and config.mixup and config.cutmix:
        raise ValueError(
            "mixup and cutmix are both set, but book semantics applies only one of them to a batch; "
            "set one of them to null, or use semantics: paper, which takes either with probability 1/2, or imagenet, "
            "which alternates"
        )

    keys = dict(zip(Knob, jax.vmap(jax.random.fold_in, (None, 0))(key, jnp.array(list(Knob))), strict=True))
    images = random_crop(keys[Knob.CROP], images, image_size) if config.random_crop else centre_crop(images, image_size)
    if config.horizontal_flip:
        images = flip(keys[Knob.FLIP], images)
    if config.randaugment and not book:
        images = randaugment_paper.randaugment(keys[Knob.RANDAUGMENT], images, config.randaugment)
    x = to_unit(images)
    if config.randaugment and book:
        x = randaugment_book.randaugment(keys[Knob.RANDAUGMENT], x, config.randaugment)
    if config.colour_jitter:
        x = colour_jitter(keys[Knob.COLOUR_JITTER], x, config.colour_jitter)
    x = normalise(x, mean, std)
    if config.erasing:
        x = _erase(keys[Knob.ERASING], x, config, mean, std)

    mix = _draw_mix(keys, step, x.shape[0], image_size, config)
    hard = mix is not None and config.semantics == "imagenet"
    targets = smoothed_one_hot(labels, classes, 0.0 if hard else label_smoothing)
    return (x, targets) if mix is None else apply_mix(mix, x, targets)


def prepare_eval(images: Array, *, image_size: Size, mean: tuple[float, ...], std: tuple[float, ...]) -> Array:
    """Normalised images for evaluation: uint8 ``(B, H, W, 3)`` to float32 ``(B, height, width, 3)``.

    Larger images are cut to their centre. Raises :class:`ValueError` on images of another shape or dtype.
    """
    _check_images(images, image_size)
    return normalise(to_unit(centre_crop(images, image_size)), mean, std)


def smoothed_one_hot(labels: Array, classes: int, smoothing: float) -> Array:
    """Targets float32 ``(B, classes)``: ``1 - s + s / K`` on the label and ``s / K`` elsewhere."""
    return (1 - smoothing) * jax.nn.one_hot(labels, classes, dtype=jnp.float32) + smoothing / classes


def _erase(key: Array, x: Array, config: Augmentation, mean: tuple[float, ...], std: tuple[float, ...]) -> Array:
    if config.semantics == "paper":
        return erase_paper(key, x, config.erasing, mean, std)
    return (erase_book if config.semantics == "book" else erase_imagenet)(key, x, config.erasing)


def _draw_mix(keys: dict[Knob, Array], step: Array | int, batch: int, size: Size, config: Augmentation) -> Mix | None:
    mixup = cutmix = None
    if config.mixup:
        mixup = draw_mixup(keys[Knob.MIXUP], batch, config.mixup.alpha, config.semantics)
    if config.cutmix:
        cutmix = draw_cutmix(keys[Knob.CUTMIX], batch, size, config.cutmix.alpha, config.semantics)
    if mixup is not None and cutmix is not None:
        if config.semantics == "imagenet":
            return alternate(step, mixup, cutmix)
        return choose(keys[Knob.MIXUP_OR_CUTMIX], mixup, cutmix)
    return cutmix if mixup is None else mixup


def _check_images(images: Array, image_size: Size) -> None:
    if images.dtype != jnp.uint8 or images.ndim != 4 or images.shape[3] != 3:
        raise ValueError(f"images must be uint8 of shape (B, H, W, 3), got {images.dtype} {images.shape}")
    stored, shown = images.shape[1:3], sides(image_size)
    if stored[0] < shown[0] or stored[1] < shown[1]:
        raise ValueError(f"images are stored at {stored} pixels, fewer than image_size {shown}")
