"""Depthwise convolutions: in a form that processors are fast at, and as XLA's own convolution elsewhere."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from netspec.modules.columns import STRIPS, at_least_float32


class Window(NamedTuple):
    """How a kernel slides, by spatial axis."""

    strides: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    dilation: tuple[int, ...]


def depthwise_conv(
    x: jnp.ndarray,
    kernel: jnp.ndarray,
    strides: Sequence[int],
    padding: str | Sequence[tuple[int, int]],
    *,
    rhs_dilation: Sequence[int],
    **_rest,
) -> jnp.ndarray:
    """A convolution with one kernel per channel, ``(B, *spatial, C)`` by ``(*taps, 1, C)`` to ``(B, *spatial', C)``.

    Takes the place of ``conv_general_dilated`` with as many groups as channels. XLA on CPU has no fast code for that
    and takes tens of times as long as for the sum of the shifted inputs, each times one tap, which becomes one loop
    over the channels that the processor vectorises. On CPU it is written so, and both gradients likewise. Sums are in
    float32, or in the inputs' type where that is wider.
    """
    if isinstance(padding, str):
        reach = [step * (taps - 1) + 1 for step, taps in zip(rhs_dilation, kernel.shape[:-2], strict=True)]
        padding = lax.padtype_to_pads(x.shape[1:-1], reach, strides, padding)
    return _depthwise(x, kernel, Window(tuple(strides), tuple(map(tuple, padding)), tuple(rhs_dilation)))


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def _depthwise(x, kernel, window: Window):
    return lax.platform_dependent(
        x, kernel, cpu=partial(sum_of_taps, window=window), default=partial(grouped, window=window)
    )


def _gradients(window: Window, kept, cotangent):
    def derived(x, kernel, cotangent):
        return jax.vjp(partial(grouped, window=window), x, kernel)[1](cotangent)

    written = partial(gradients_of_taps, window=window)
    return lax.platform_dependent(*kept, cotangent, cpu=written, default=derived)


_depthwise.defvjp(lambda x, kernel, window: (_depthwise(x, kernel, window), (x, kernel)), _gradients)


def grouped(x: jnp.ndarray, kernel: jnp.ndarray, window: Window) -> jnp.ndarray:
    """As XLA's convolution."""
    spatial = "DHW"[-len(window.strides) :]
    return lax.conv_general_dilated(
        x,
        kernel,
        window.strides,
        window.padding,
        rhs_dilation=window.dilation,
        dimension_numbers=(f"N{spatial}C", f"{spatial}IO", f"N{spatial}C"),
        feature_group_count=x.shape[-1],
    )


def sum_of_taps(x: jnp.ndarray, kernel: jnp.ndarray, window: Window) -> jnp.ndarray:
    """As the sum of shifted inputs, each times one tap."""
    padded = _padded(at_least_float32(x), [(*sides, 0) for sides in window.padding])
    return _slid(padded, at_least_float32(kernel), window.strides, window.dilation).astype(x.dtype)


def gradients_of_taps(x, kernel, cotangent, window: Window) -> tuple[jnp.ndarray, jnp.ndarray]:
    """Those of :func:`sum_of_taps`, to ``x`` and ``kernel``."""
    wide = at_least_float32(cotangent)
    of_x = _of_input(x.shape[1:-1], at_least_float32(kernel), wide, window)
    of_kernel = _of_kernel(at_least_float32(x), kernel.shape[:-2], wide, window)
    return of_x.astype(x.dtype), of_kernel.astype(kernel.dtype)


def _of_input(sizes, kernel, cotangent, window: Window):
    """The kernel turned round, sliding by one over the cotangent with zeros between what strides had set apart."""
    edges = []
    for size, taps, left, stride, (before, _), step in zip(
        sizes, kernel.shape[:-2], cotangent.shape[1:-1], *window, strict=True
    ):
        edges.append((step * (taps - 1) - before, size + before - (stride * (left - 1) + 1), stride - 1))
    turned = jnp.flip(kernel, tuple(range(kernel.ndim - 2)))
    return _slid(_padded(cotangent, edges), turned, (1,) * len(edges), window.dilation)


def _of_kernel(x, taps: tuple[int, ...], cotangent, window: Window):
    """Sums over examples and positions of the shifted input times the cotangent, a tap at a time.

    A loop over the taps, so that one of them is compiled. Reduced at once, every sum would read a channel with all
    others between two of its values; so some rows are added first, which goes along the channels, and the rest is a
    product with ones. Examples are summed last, by which devices that share a batch exchange once and not for each tap.
    """
    height = cotangent.shape[1]
    rows = min((count for count in STRIPS if count <= height), key=lambda count: -height % count, default=height)
    cotangent = _padded(cotangent, [(0, -height % rows, 0), *[(0, 0, 0)] * (len(taps) - 1)])
    batch, *left, channels = cotangent.shape
    spans = [stride * (size - 1) + 1 for stride, size in zip(window.strides, left, strict=True)]
    reach = [step * (size - 1) + span for step, size, span in zip(window.dilation, taps, spans, strict=True)]
    edges = [
        (before, whole - size - before, 0)
        for whole, size, (before, _) in zip(reach, x.shape[1:-1], window.padding, strict=True)
    ]
    padded = _padded(x, edges)
    first, *others = window.strides

    def tap(offset):
        # Whole numbers by themselves, without the arithmetic that makes them, leave the loop over channels vectorised.
        starts = lax.optimization_barrier((np.uint32(0), *offset, np.uint32(0)))
        part = lax.dynamic_slice(padded, starts, (batch, *spans, channels))
        across = tuple(slice(None, None, stride) for stride in others)
        added = sum(part[:, first * row :: first * rows, *across] * cotangent[:, row::rows] for row in range(rows))
        added = added.reshape(batch, -1, channels)
        return lax.dot_general(jnp.ones(added.shape[1], added.dtype), added, (((0,), (1,)), ((), ())))

    offsets = np.stack(np.unravel_index(np.arange(math.prod(taps)), taps), 1) * window.dilation
    return lax.map(tap, jnp.asarray(offsets, jnp.uint32)).sum(1).reshape(*taps, 1, channels)


def _slid(padded, kernel, strides, dilation):
    """Taps times strided slices of what is already padded, summed."""
    left = [
        (size - step * (taps - 1) - 1) // stride + 1
        for size, taps, stride, step in zip(padded.shape[1:-1], kernel.shape[:-2], strides, dilation, strict=True)
    ]

    def term(tap):
        starts = [step * at for step, at in zip(dilation, tap, strict=True)]
        cuts = [
            slice(start, start + stride * (size - 1) + 1, stride)
            for start, stride, size in zip(starts, strides, left, strict=True)
        ]
        return padded[:, *cuts] * kernel[*tap, 0]

    return sum(term(tap) for tap in np.ndindex(*kernel.shape[:-2]))


def _padded(x, edges):
    """Zeros before, behind and between the positions of the spatial axes; a negative number takes positions away."""
    return lax.pad(x, jnp.zeros((), x.dtype), ((0, 0, 0), *edges, (0, 0, 0)))
