"""Convolutions whose kernel's gradient XLA on CPU computes as fast for a few large pictures as for many small ones."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from netspec.modules.cpu.switch import by_platform, instead_of

#: Pictures of a device from which XLA's own form is as fast: it reads all at one position together, as a vector.
LANES = 8
#: Rows of a strip at least, or those that two strips share are too large a part.
ROWS = 7

#: Zeros before and after, by spatial axis.
Sides = tuple[tuple[int, int], ...]


@instead_of(lax.conv_general_dilated)
def strip_conv(
    x: jax.Array,
    kernel: jax.Array,
    strides: Sequence[int],
    padding: str | Sequence[tuple[int, int]],
    *,
    precision: Any = None,
    **rest: Any,
) -> jax.Array:
    """A convolution of stride 1 and one group, ``(B, H, W, in)`` by ``(k, l, in, out)`` to ``(B, H', W', out)``.

    Takes the place of ``conv_general_dilated``. The kernel's gradient is the convolution of one side with the other as
    a kernel of its size, over whose examples XLA on CPU vectorises: one picture by itself takes four times as long as
    each of eight. Cut into strips, large pictures are as many as it takes. The side with fewer channels is the one that
    slides, since it is unrolled to as many copies as the kernel has positions.
    """
    if isinstance(padding, str):
        padding = lax.padtype_to_pads(x.shape[1:3], kernel.shape[:2], strides, padding)
    given: Any = padding
    sides: Sides = tuple((before, after) for before, after in given)
    fits = all(0 <= side < taps for pair, taps in zip(sides, kernel.shape[:2], strict=True) for side in pair)
    if not fits or max(strips_of(len(x), x.shape[1]), strips_of(len(x), _left(x, kernel, sides))) == 1:
        return lax.conv_general_dilated(x, kernel, strides, padding, precision=precision, **rest)
    return _convolution(x, kernel, sides, precision)


def strips_of(pictures: int, rows: int) -> int:
    """Into how many equal strips pictures of so many rows are cut, of which a device has its share."""
    own = max(1, pictures // jax.device_count())
    fitting = [count for count in range(1, rows // ROWS + 1) if rows % count == 0]
    return next((count for count in fitting if own * count >= LANES), max(fitting, default=1)) if own < LANES else 1


@partial(jax.custom_vjp, nondiff_argnums=(2, 3))
def _convolution(x: jax.Array, kernel: jax.Array, sides: Sides, precision: Any) -> jax.Array:
    return slid(x, kernel, sides, precision)


def slid(x: jax.Array, kernel: jax.Array, sides: Sides, precision: Any = None) -> jax.Array:
    """XLA's own convolution of stride 1, images with the channels last."""
    layout = ("NHWC", "HWIO", "NHWC")
    return lax.conv_general_dilated(x, kernel, (1, 1), sides, dimension_numbers=layout, precision=precision)


def _gradients(
    sides: Sides, precision: Any, kept: tuple[jax.Array, jax.Array], cotangent: jax.Array
) -> tuple[jax.Array, jax.Array]:
    x, kernel = kept
    (of_x,) = jax.vjp(lambda x: slid(x, kernel, sides, precision), x)[1](cotangent)

    def derived(x: jax.Array, cotangent: jax.Array) -> jax.Array:
        return jax.vjp(lambda kernel: slid(x, kernel, sides, precision), kernel)[1](cotangent)[0]

    def written(x: jax.Array, cotangent: jax.Array) -> jax.Array:
        return gradient_of_kernel(x, cotangent, kernel.shape[:2], sides, precision)

    return of_x, by_platform(x, cotangent, cpu=written, elsewhere=derived)


_convolution.defvjp(lambda x, kernel, *how: (_convolution(x, kernel, *how), (x, kernel)), _gradients)


def gradient_of_kernel(
    x: jax.Array, cotangent: jax.Array, taps: Sequence[int], sides: Sides, precision: Any
) -> jax.Array:
    """``(k, l, in, out)`` from ``(B, H, W, in)`` and ``(B, H', W', out)``: the side with fewer channels slides."""
    if x.shape[-1] <= cotangent.shape[-1]:
        return _by_strips(x, cotangent, sides, precision)
    turned = tuple((size - 1 - before, size - 1 - after) for size, (before, after) in zip(taps, sides, strict=True))
    return _by_strips(cotangent, x, turned, precision)[::-1, ::-1].swapaxes(2, 3)


def _by_strips(slides: jax.Array, stays: jax.Array, sides: Sides, precision: Any) -> jax.Array:
    """Sums over examples and positions of ``stays`` times what lies over it of ``slides``, by offset."""
    count = strips_of(len(stays), stays.shape[1])
    rows = stays.shape[1] // count
    padded = jnp.pad(slides, ((0, 0), *sides, (0, 0)))
    reach = padded.shape[1] - stays.shape[1] + rows
    strips = jnp.stack([padded[:, rows * i : rows * i + reach] for i in range(count)], 1)
    cut = stays.reshape(len(stays), count, rows, *stays.shape[2:])
    images, kernels = (part.reshape(-1, *part.shape[2:]) for part in (strips, cut))
    unpadded = ((0, 0), (0, 0))
    return slid(images.transpose(3, 1, 2, 0), kernels.transpose(1, 2, 0, 3), unpadded, precision).transpose(1, 2, 0, 3)


def _left(x: jax.Array, kernel: jax.Array, sides: Sides) -> int:
    """Rows that leave."""
    return int(x.shape[1] + sum(sides[0]) - kernel.shape[0] + 1)
