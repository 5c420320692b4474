"""Mixup and CutMix: each image and its label become a weighted pair with another image of the batch.

Both knobs first draw a :class:`Mix`, which says how much of itself each image keeps and where, and share one rule that
applies it. In ``book`` and ``imagenet`` semantics a batch has one weight (and one box), in ``paper`` semantics every
image has its own.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp

from train.config.cell import Size, sides
from train.data.augment.base import Array, box_mask

Semantics = Literal["book", "imagenet", "paper"]


class Mix(NamedTuple):
    """How a batch is paired up. ``n`` is 1 when the whole batch shares a draw, else the batch size ``B``."""

    #: Weight of the image's own pixels, float32 in [0, 1]: ``(n, 1, 1, 1)`` or ``(n, H, W, 1)``.
    pixels: Array
    #: Weight of the image's own label, float32 in [0, 1]: ``(n, 1)``.
    label: Array
    #: Position in the batch of the image that is mixed in: int32 ``(B,)``, a permutation, fixed points allowed.
    partner: Array


def draw_mixup(key: Array, batch: int, alpha: float, semantics: Semantics) -> Mix:
    """Mixing weights of Mixup: ``x = w x_i + (1 - w) x_j`` with ``w ~ Beta(alpha, alpha)``, labels alike.

    ``paper`` is eq. 1 of Zhang et al. 2018 (arXiv:1710.09412) with a weight per pair. ``book`` draws one weight per
    batch and reflects it to ``max(w, 1 - w)``, so the own image always dominates (book ch. 10.4; companion repository).
    ``imagenet`` draws one weight per batch and does not reflect it.
    """
    weight_key, partner_key = jax.random.split(key)
    weight = _draw_beta(weight_key, alpha, batch, semantics)
    if semantics == "book":
        weight = jnp.maximum(weight, 1 - weight)
    return Mix(weight[:, None, None, None], weight[:, None], _draw_partners(partner_key, batch, semantics))


def draw_cutmix(key: Array, batch: int, size: Size, alpha: float, semantics: Semantics) -> Mix:
    """Boxes of CutMix: inside the box the partner's pixels, outside the image's own.

    Yun et al. 2019 (arXiv:1905.04899), sec. 3.1 and appendix A: kept area ``w ~ Beta(alpha, alpha)``, box sides
    ``floor(H sqrt(1 - w))`` and ``floor(W sqrt(1 - w))``, centre uniform over the pixels, box
    ``[c - side // 2, c + side // 2)`` cut to the image, label weight from the area that is left after cutting. ``book``
    and ``imagenet`` draw one box for the whole batch, ``paper`` draws one per image.
    """
    # The book takes a side of at least 1 pixel. That is a side // 2 of 0, the same empty box as side 0, and not coded.
    weight_key, centre_key, partner_key = jax.random.split(key, 3)
    weight = _draw_beta(weight_key, alpha, batch, semantics)
    height, width = sides(size)
    tall, wide = (jnp.floor(side * jnp.sqrt(1 - weight)).astype(jnp.int32) // 2 for side in (height, width))
    row, column = jax.random.randint(centre_key, (2, weight.shape[0]), 0, jnp.array([[height], [width]]))
    top, bottom = jnp.maximum(row - tall, 0), jnp.minimum(row + tall, height)
    left, right = jnp.maximum(column - wide, 0), jnp.minimum(column + wide, width)
    area = ((bottom - top) * (right - left)).astype(jnp.float32)
    pixels = 1 - box_mask(top, bottom, left, right, size).astype(jnp.float32)
    return Mix(pixels, (1 - area / (height * width))[:, None], _draw_partners(partner_key, batch, semantics))


def choose(key: Array, first: Mix, second: Mix) -> Mix:
    """Either of two draws for the whole batch, with probability 1/2 each.

    The papers do not combine Mixup and CutMix; DeiT (Touvron et al. 2021, arXiv:2012.12877) and timm switch between
    them with probability 1/2 per batch, and that is the convention taken for ``paper``.
    """
    return _either(jax.random.bernoulli(key), first, second)


def alternate(step: Array | int, first: Mix, second: Mix) -> Mix:
    """The first draw on even steps, counted from zero, the second on odd ones: ``imagenet`` (companion repository)."""
    return _either(jnp.asarray(step) % 2 == 0, first, second)


def _either(take_first: Array, first: Mix, second: Mix) -> Mix:
    return Mix(*(jnp.where(take_first, a, b) for a, b in zip(first, second, strict=True)))


def apply_mix(mix: Mix, x: Array, targets: Array) -> tuple[Array, Array]:
    """Mixed ``x`` (B, H, W, 3) and ``targets`` (B, classes), both float32; rows of ``targets`` keep their sum."""
    return (
        mix.pixels * x + (1 - mix.pixels) * x[mix.partner],
        mix.label * targets + (1 - mix.label) * targets[mix.partner],
    )


def _draw_partners(key: Array, batch: int, semantics: Semantics) -> Array:
    """A random permutation; for ``imagenet`` the batch in reverse order."""
    return jnp.arange(batch)[::-1] if semantics == "imagenet" else jax.random.permutation(key, batch)


def _draw_beta(key: Array, alpha: float, batch: int, semantics: Semantics) -> Array:
    """Beta(alpha, alpha) weights, float32: ``(batch,)`` for ``paper``, ``(1,)`` for the others."""
    shape = (batch,) if semantics == "paper" else (1,)
    if alpha == 1:  # Beta(1, 1) is uniform, and a uniform draw spares compiling the gamma sampler
        return jax.random.uniform(key, shape, jnp.float32)
    # G1 / (G1 + G2) with gamma draws, in logarithms since for a small alpha both can underflow.
    first, second = jax.random.loggamma(key, alpha, (2, *shape), jnp.float32)
    return jax.nn.sigmoid(first - second)
